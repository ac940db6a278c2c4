#!/usr/bin/env bash
# From the shared data folder to the bundled tokenizer, embedding table and static encoder. Needs the train extra.
# A step is left out when its result is there: run it again after a stop.
#   bash scripts/train_mini_encoder.sh ../shared/data build/mini
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export OMP_WAIT_POLICY=PASSIVE PYTHONPATH=.
data="${1:-../shared/data}"
work="${2:-build/mini}"
python="${PYTHON:-python}"
mkdir -p "$work"

[[ -f "$work/tokenizer.json" ]] || "$python" scripts/train_vocabulary.py --data "$data" --out "$work/tokenizer.json"
"$python" scripts/pack_pairs.py --data "$data" --tokenizer "$work/tokenizer.json" --out "$work/pairs"
[[ -f "$work/static.npy" ]] || "$python" scripts/train_static.py --pairs "$work/pairs" --tokenizer "$work/tokenizer.json" \
    --steps 1600 --out "$work/static.npy"
"$python" scripts/export_models.py --tokenizer "$work/tokenizer.json" --static "$work/static.npy"
