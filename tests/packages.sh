#!/usr/bin/env bash
# The Debian packages on a fresh, small Debian: installed by apt, run, upgraded, removed, purged. `tests/packages.sh [SUITE]`; needs root, and the
# packages of `make packages` in target/debian. Nothing on this machine is changed: everything happens in a folder that is deleted at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
suite=${1:-bookworm}
architecture=$(dpkg --print-architecture)
packages=$PWD/target/debian
most_agent_mib=8

[ "$(id -u)" = 0 ] || exec sudo "$PWD/tests/packages.sh" "$@"
work=$(mktemp -d)
root=$work/root
say() { printf '== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
end() {
  status=$?
  [ $status = 0 ] || tail -n 40 "$work"/*.log >&2 2>/dev/null || true
  rm -rf --one-file-system "$work"
  exit $status
}
trap end EXIT

# A command in the fresh Debian, with nothing of this machine but the kernel; its processes end with it.
inside() { # [--net] COMMAND...
  local net=--net
  if [ "$1" = --net ]; then net=; shift; fi
  # shellcheck disable=SC2086
  unshare --mount --pid --fork --kill-child $net bash -euc '
    root=$1; shift
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    if command -v ip >/dev/null; then ip link set lo up; fi
    exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
  ' - "$root" "$@"
}
install_all() { inside --net apt-get install -y -q --no-install-recommends "$@" >>"$work/apt.log" 2>&1 || fail "apt-get install $*"; }

say "lintian"
lintian --fail-on error --suppress-tags embedded-library "$packages"/*.deb || fail "lintian has errors"

say "the agent's package is small"
for deb in "$packages"/loa-agent_*.deb; do
  bytes=$(stat -c %s "$deb")
  echo "$(basename "$deb"): $((bytes / 1024)) KiB"
  [ "$bytes" -le $((most_agent_mib * 1024 * 1024)) ] || fail "more than $most_agent_mib MiB"
done

say "a fresh $suite"
mmdebstrap --quiet --variant=apt --architectures="$architecture" "$suite" "$root" >"$work/mmdebstrap.log" 2>&1 || fail mmdebstrap
cp /etc/resolv.conf "$root/etc/resolv.conf"
inside --net apt-get update -q >"$work/apt.log" 2>&1 || fail "apt-get update"
mkdir "$root/packages"
for package in loa-agent loa-broker; do cp "$packages/$package"_*_"$architecture".deb "$root/packages/$package.deb"; done

say "installation"
install_all /packages/loa-agent.deb /packages/loa-broker.deb curl jq systemd-sysv
for program in loa-agent loa-broker; do
  inside "$program" --version
  [ -f "$root/usr/share/man/man1/$program.1.gz" ] || fail "no manual page"
  [ "$(inside stat -c '%U:%G %a' "/var/lib/$program")" = "$program:$program 700" ] || fail "/var/lib/$program is not the service's own"
  [ -s "$root/usr/share/doc/$program/third-party.txt.gz" ] || fail "no licences"
done
[ "$(inside id -Gn loa-agent | tr ' ' '\n' | sort | xargs)" = "audio gpio loa-agent" ] || fail "the agent's groups"
[ -L "$root/etc/systemd/system/multi-user.target.wants/loa-agent.service" ] || fail "the agent's service is not enabled"
[ ! -L "$root/etc/systemd/system/multi-user.target.wants/loa-broker.service" ] || fail "the broker would start before it has its addresses"
for unit in loa-agent loa-broker; do
  inside systemd-analyze verify "$unit.service" 2>&1 | tee "$work/verify.log"
  ! grep -q "$unit" "$work/verify.log" || fail "the unit has mistakes"
done

# A broker and an agent as their services start them, and an official and an installer of shell. Arguments: the first run, or a later one.
cat > "$root/usr/local/bin/try-loa" <<'TRY'
#!/bin/bash
set -euo pipefail
api=http://127.0.0.1:8080/api/v1
# Becomes the program: a signal to it is a signal to the program.
as() { user=$1; shift; exec setpriv --reuid="$user" --regid="$user" --init-groups "$@"; }
ask() { curl --silent --show-error --fail-with-body -b /tmp/cookies -c /tmp/cookies -H 'origin: http://127.0.0.1:8080' -H 'content-type: application/json' "$@"; }
until_it() { # WHAT COMMAND...: waits until it succeeds, 30 s at most
  local what=$1; shift
  for _ in $(seq 150); do if "$@" >/dev/null 2>&1; then return; fi; sleep 0.2; done
  echo "never: $what" >&2; exit 1
}
started() { sed -n "/^ExecStart=/{s///;p}" "/usr/lib/systemd/system/$1.service"; }

as loa-broker $(started loa-broker) >/tmp/broker.out 2>/tmp/broker.err &
broker=$!
until_it "the broker is well" curl --silent --fail http://127.0.0.1:8080/healthz
curl --silent http://127.0.0.1:8080/healthz; echo
if [ "$1" = first ]; then
  token=$(sed -n 's/^loa-broker setup .*#//p' /tmp/broker.out)
  ask "$api/setup" -d "{\"token\":\"$token\",\"username\":\"an.nguyen\",\"display_name\":\"An\",\"password\":\"mot hai ba bon nam\"}" >/dev/null
  ask "$api/areas" -d '{"code":"94","name":"Sóc Trăng","parent":null}' >/dev/null
  ask "$api/areas" -d '{"code":"31699","name":"Đại Ân 2","parent":"94"}' >/dev/null
  ask "$api/areas" -d '{"code":"31699-01","name":"Ấp Chợ","parent":"31699"}' >/dev/null
  node=$(ask "$api/nodes" -d '{"hamlet":"31699-01","name":"Ấp Chợ"}' | jq -r .id)
  claim=$(ask -X POST "$api/nodes/$node/claims")
  of() { jq -r ".$1" <<<"$claim"; }
  (as loa-agent loa-agent enrol --data /var/lib/loa-agent --server "$(of server)" --ca-fingerprint "$(of ca_fingerprint)" --code "$(of code)")
else
  ask "$api/session" -d '{"username":"an.nguyen","password":"mot hai ba bon nam"}' >/dev/null
fi
# No sound card here.
LOA_AGENT_OUTPUT=wav:/tmp as loa-agent $(started loa-agent) 2>/tmp/agent.err &
agent=$!
online() { [ "$(ask "$api/nodes" | jq -r '.[0].status')" = online ]; }
until_it "the node is online" online
ask "$api/nodes" | jq -r '.[0] | "node \(.id) is \(.status)"'
kill $agent && wait $agent
kill $broker && wait $broker
TRY
chmod +x "$root/usr/local/bin/try-loa"
try() { inside /usr/local/bin/try-loa "$1" || { cat "$root"/tmp/*.err >&2; fail "a broker and an agent ($1)"; }; }

say "a broker and an agent"
# What an administrator changes.
sed -i 's/^public_names = .*/public_names = ["127.0.0.1"]/; s/^public_url/#&/' "$root/etc/loa/broker.toml"
sed -i 's/^cache_mib = .*/cache_mib = 100/' "$root/etc/loa/agent.toml"
try first
sum() { (cd "$root" && find var/lib/loa-broker/identity var/lib/loa-agent/identity etc/loa -type f -print0 | sort -z | xargs -0 sha256sum); }
sum > "$work/before"

say "an upgrade keeps data and changed settings"
for package in loa-agent loa-broker; do
  dpkg-deb -R "$root/packages/$package.deb" "$work/$package"
  sed -i 's/^Version: .*/Version: 99.0.0-1/' "$work/$package/DEBIAN/control"
  # New settings that nobody has asked for.
  echo '# Of a newer release.' >> "$work/$package/etc/loa/${package#loa-}.toml"
  (cd "$work/$package" && find . -type f -not -path './DEBIAN/*' -printf '%P\0' | xargs -0 md5sum > DEBIAN/md5sums)
  dpkg-deb --root-owner-group -b "$work/$package" "$root/packages/$package-new.deb" >/dev/null
done
install_all -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold /packages/loa-agent-new.deb /packages/loa-broker-new.deb
[ "$(inside dpkg-query -W -f '${Version}' loa-broker)" = 99.0.0-1 ] || fail "not upgraded"
(cd "$root" && rm -f etc/loa/*.dpkg-dist)
sum | diff "$work/before" - || fail "data or settings were changed by the upgrade"
try again

say "removal keeps data and settings"
sum > "$work/before"
inside apt-get remove -y -q loa-agent loa-broker >>"$work/apt.log" 2>&1 || fail "removal"
[ ! -e "$root/usr/bin/loa-broker" ] || fail "not removed"
sum | diff "$work/before" - || fail "data or settings were changed by the removal"
install_all /packages/loa-agent-new.deb /packages/loa-broker-new.deb
try again

say "the units, under a systemd of their own"
cat > "$root/usr/local/bin/try-units" <<'TRY'
#!/bin/bash
set -euxo pipefail
touch /booted
is() { [ "$(systemctl show "$1" -p "$2" --value)" = "$3" ]; }
# Returns when everything listens.
systemctl enable --now loa-broker
[ "$(curl --silent http://127.0.0.1:8080/healthz | jq -r .status)" = ok ]
# Without a sound card, which is no reason not to be ready.
systemctl start loa-agent
curl --silent --fail -c /tmp/cookies -H 'origin: http://127.0.0.1:8080' -H 'content-type: application/json' http://127.0.0.1:8080/api/v1/session \
  -d '{"username":"an.nguyen","password":"mot hai ba bon nam"}' >/dev/null
online() { [ "$(curl --silent -b /tmp/cookies http://127.0.0.1:8080/api/v1/nodes | jq -r '.[0].status')" = online ]; }
for _ in $(seq 150); do if online; then break; fi; sleep 0.2; done
online
is loa-broker NRestarts 0
is loa-agent NRestarts 0
# What hangs is restarted.
kill -STOP "$(systemctl show loa-agent -p MainPID --value)"
for _ in $(seq 120); do if is loa-agent NRestarts 1 && is loa-agent ActiveState active; then break; fi; sleep 0.5; done
is loa-agent NRestarts 1
journalctl --no-pager -o cat -u loa-agent | grep -q "Watchdog timeout"
systemctl stop loa-agent loa-broker
is loa-agent Result success
is loa-broker Result success
touch /well
TRY
chmod +x "$root/usr/local/bin/try-units"
cat > "$root/etc/systemd/system/try-units.service" <<'UNIT'
[Service]
Type=oneshot
ExecStart=/usr/local/bin/try-units
StandardOutput=append:/units.log
StandardError=append:/units.log
ExecStopPost=/usr/bin/systemctl --no-block poweroff
UNIT
ln -s ../try-units.service "$root/etc/systemd/system/multi-user.target.wants/try-units.service"
here=()
[ -d /run/systemd/system ] || here=(--register=no --keep-unit)
timeout 240 systemd-nspawn "${here[@]}" --quiet --private-network --console=pipe --boot --directory="$root" >"$work/boot.log" 2>&1 || true
if [ -e "$root/booted" ]; then
  [ -e "$root/well" ] || { tail -n 40 "$root/units.log" >&2; fail "the units"; }
else
  echo "no systemd can be booted here: units not tried"
fi
rm "$root/etc/systemd/system/multi-user.target.wants/try-units.service" "$root/etc/systemd/system/try-units.service"

say "purging takes the node's key, and leaves what is the commune's"
inside apt-get purge -y -q loa-agent loa-broker 2>&1 | tee -a "$work/apt.log" | grep "stay in /var/lib/loa-broker" || fail "the broker says what it leaves"
[ ! -e "$root/var/lib/loa-agent" ] || fail "the node's key is still there"
[ ! -e "$root/etc/loa" ] || fail "settings are still there"
[ -s "$root/var/lib/loa-broker/identity/authority.json" ] || fail "the authority's key is gone"
[ -s "$root/var/lib/loa-broker/loa.db" ] || fail "the database is gone"
say "all well"
