#!/usr/bin/env bash
# Runs each fuzz target for so many seconds, one after the other, from the corpus that is kept, and keeps what was new.
# What is found lies in fuzz/artifacts; then this ends with an error.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:?how many seconds each}
cargo +nightly fuzz build --fuzz-dir .
built=target/$(rustc -vV | sed -n 's/^host: //p')/release
declare -A longest=([ingest]=65536 [envelope]=16384 [plan]=16384 [enrolment]=8192)
for target in ingest envelope plan enrolment; do
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/all" "$work/kept" "artifacts/$target"
  if [ -e "corpus/$target.tar.gz" ]; then tar -xzf "corpus/$target.tar.gz" -C "$work/all"; fi
  "$built/$target" -max_total_time="$seconds" -max_len="${longest[$target]}" -timeout=10 -rss_limit_mb=3000 \
    -artifact_prefix="artifacts/$target/" -print_final_stats=1 "$work/all" 2>&1 | tail -n 12
  "$built/$target" -merge=1 -max_len="${longest[$target]}" "$work/kept" "$work/all" 2>&1 | tail -n 1
  tar --sort=name --mtime=@0 --owner=0 --group=0 -C "$work/kept" -czf "corpus/$target.tar.gz" .
  rm -rf "$work"
done
