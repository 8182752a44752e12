#!/usr/bin/env bash
# The Debian packages of loa-broker and loa-agent: `deploy/packages.sh amd64 arm64`; into target/debian. The page has to be built before (`make web`).
#
# What doesn't run on this machine is cross-built (deploy/arm64.sh). The manual pages come from the programs themselves.
set -euo pipefail
cd "$(dirname "$0")/.."
crates=(loa-agent loa-broker)
own=$(dpkg --print-architecture)
out=$PWD/target/debian
extra=$PWD/target/package
# The last change dates the packages. Not the programs, unless the caller sets it for all: Cargo would build everything anew after each change.
date=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
version=$(cargo pkgid -p loa-agent | sed 's/.*[#@]//')
mkdir -p "$out" "$extra"

cat > "$extra/changelog" <<CHANGELOG
loa ($version-1) stable; urgency=medium

  * See https://github.com/loa-vn/loa/blob/main/CHANGELOG.md.

 -- Loa contributors <loa-vn@users.noreply.github.com>  $(date -u -R -d "@$date")
CHANGELOG
for crate in "${crates[@]}"; do
  mkdir -p "$extra/$crate"
  deploy/third-party.sh "$crate" | gzip -9n > "$extra/$crate/third-party.txt.gz"
done

rm -rf "$extra/man"
mkdir -p "$extra/man"
for architecture in "$@"; do
  for crate in "${crates[@]}"; do
    # Apart, so that neither is given what only the other needs.
    if [ "$architecture" = "$own" ]; then
      triple='' run='' targets=${CARGO_TARGET_DIR:-$PWD/target}
      built=$targets/release
      cargo build --release --locked -p "$crate"
    else
      [ "$architecture" = arm64 ] || { echo "no cross-build for $architecture" >&2; exit 2; }
      triple=aarch64-unknown-linux-gnu run=qemu-aarch64-static targets=${LOA_ARM64_DIR:-$PWD/target/arm64}
      built=$targets/$triple/release
      deploy/arm64.sh build --release -p "$crate"
    fi
    [ -e "$extra/man/$crate.1" ] || $run "$built/$crate" man "$extra/man"
    rm -f "$out/${crate}_"*"_$architecture.deb"
    SOURCE_DATE_EPOCH=$date CARGO_TARGET_DIR=$targets cargo deb --quiet --no-build --no-strip -p "$crate" ${triple:+--target "$triple"} --output "$out/"
  done
done
ls -l "$out"/*.deb
