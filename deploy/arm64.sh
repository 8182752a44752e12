#!/usr/bin/env bash
# cargo for 64-bit Raspberry Pis, on a Debian of another architecture: `deploy/arm64.sh build --release -p loa-agent`, `... test -p loa-protocol`,
# `... run --release -p CRATE --example NAME`, `... bench -p CRATE`. Cross-compiles with Debian's own toolchain, and runs what it built under qemu.
#
# Everything lies in target/arm64: the host's build is not disturbed. On an arm64 machine it is plain cargo.
set -euo pipefail
cd "$(dirname "$0")/.."
target=aarch64-unknown-linux-gnu
export CARGO_TARGET_DIR=${LOA_ARM64_DIR:-$PWD/target/arm64}

if [ "$(dpkg --print-architecture)" != arm64 ]; then
  packages=(rustc-web cargo-web libstd-rust-web-dev:arm64 gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross
    libasound2-dev:arm64 qemu-user-static cmake make pkg-config)
  missing=()
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
    echo "installing ${missing[*]}" >&2
    $sudo dpkg --add-architecture arm64
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
  # Cargo finds rustc by PATH: rustup's must not come first.
  export PATH=/usr/sbin:/usr/bin:/sbin:/bin RUSTC=/usr/bin/rustc CARGO=/usr/bin/cargo
  unset RUSTUP_TOOLCHAIN
  export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
  export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=qemu-aarch64-static
  export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc CXX_aarch64_unknown_linux_gnu=aarch64-linux-gnu-g++
  export AR_aarch64_unknown_linux_gnu=aarch64-linux-gnu-ar
  export PKG_CONFIG_ALLOW_CROSS=1
  export PKG_CONFIG_LIBDIR_aarch64_unknown_linux_gnu=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig
fi

command=${1:?which cargo command}
shift
exec cargo "$command" --locked --target "$target" "$@"
