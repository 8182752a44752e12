#!/usr/bin/env bash
# What others have written and is linked into a program, with their licences, as these ask for: `deploy/third-party.sh CRATE > FILE`.
set -euo pipefail
cd "$(dirname "$0")/.."
crate=$1
sources=$(mktemp)
trap 'rm -f "$sources"' EXIT
cargo metadata --format-version 1 --locked --filter-platform x86_64-unknown-linux-gnu 2>/dev/null |
  jq -r '.packages[] | select(.source != null) | "\(.name) v\(.version)\t\(.manifest_path | rtrimstr("/Cargo.toml"))"' | sort > "$sources"

echo "Linked into $crate, each under its own licence. The texts that their sources come with follow; one that several share stands once."
echo
linked=$(cargo tree --locked -p "$crate" --edges normal --target x86_64-unknown-linux-gnu --prefix none --format '{p}	{l}' |
  sed 's/ (\*)$//; s/ (proc-macro)//' | grep -v '(/' | LC_ALL=C sort -u)
printf '%s\n' "$linked" | sed 's/\t/: /'

declare -A whose
declare -A text
while IFS=$'\t' read -r package _; do
  folder=$(awk -F'\t' -v p="$package" '$1 == p { print $2; exit }' "$sources")
  [ -n "$folder" ] || continue
  while IFS= read -r file; do
    sum=$(sha256sum < "$file" | cut -d' ' -f1)
    whose[$sum]+="${whose[$sum]:+, }$package"
    text[$sum]=$file
  done < <(find "$folder" -maxdepth 2 -type f \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'copyright*' -o -iname 'notice*' \) | LC_ALL=C sort)
done <<< "$linked"
for sum in $(printf '%s\n' "${!text[@]}" | LC_ALL=C sort); do
  printf '\n%s\n%s\n\n' '--------------------------------------------------------------------------------' "${whose[$sum]}"
  cat "${text[$sum]}"
done

# The page is in the broker.
if [ "$crate" = loa-broker ]; then
  for package in svelte openapi-fetch openapi-typescript-helpers @fontsource/be-vietnam-pro; do
    printf '\n%s\nin the page: %s\n\n' '--------------------------------------------------------------------------------' "$package"
    cat "crates/broker/web/node_modules/$package"/LICENSE*
  done
fi
