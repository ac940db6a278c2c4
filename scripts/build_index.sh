#!/usr/bin/env bash
# Builds the index of a recipe in several languages, one after the other, for a batch node: a log for each, resumed where
# an earlier run was stopped, exit code 1 if any failed.
#   bash scripts/build_index.sh wikipedia tr sw th        INDEXES=indexes WORKERS=8; needs the extra datasets
#   bash scripts/build_index.sh webfaq tr de
set -uo pipefail
[[ $# -ge 2 ]] || { sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
recipe="$1"
shift
indexes="${INDEXES:-indexes}"
workers="${WORKERS:-$(nproc)}"
openqa=("${PYTHON:-python}" -m openqa.cli)
export OMP_WAIT_POLICY=PASSIVE
mkdir -p "$indexes/logs"
failed=()
for lang in "$@"; do
    name="$recipe-$lang"
    toml="$indexes/$name.toml"
    if [[ ! -s "$toml" ]]; then
        "${openqa[@]}" recipe "$recipe" --lang "$lang" >"$toml.tmp" && mv "$toml.tmp" "$toml" ||
            { rm -f "$toml.tmp"; failed+=("$lang"); continue; }
    fi
    echo "$(date -u +%FT%TZ) $name: building, log in $indexes/logs/$name.log"
    if "${openqa[@]}" info "$indexes/$name" >/dev/null 2>&1; then
        echo "$(date -u +%FT%TZ) $name: is there already"
    elif "${openqa[@]}" build "$toml" --workers "$workers" >>"$indexes/logs/$name.log" 2>&1; then
        echo "$(date -u +%FT%TZ) $name: $(tail -n 1 "$indexes/logs/$name.log")"
    else
        echo "$(date -u +%FT%TZ) $name: failed: $(tail -n 1 "$indexes/logs/$name.log")" >&2
        failed+=("$lang")
    fi
done
[[ ${#failed[@]} -eq 0 ]] || { echo "failed: ${failed[*]}" >&2; exit 1; }
