#!/usr/bin/env bash
# The README's XQuAD figures: retrieval of every question in every language pair, reading of a fixed sample of each pair.
#   bash scripts/reproduce_xquad.sh ../shared/data/qa/xquad        SAMPLE=150 questions a pair for reading; SAMPLE=all
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export OMP_WAIT_POLICY=PASSIVE PYTHONPATH=.
data="${1:-../shared/data/qa/xquad}"
sample="${SAMPLE:-150}"
python="${PYTHON:-python}"
"$python" -m openqa.cli evaluate retrieval --data "$data" --retriever bm25,dense,hybrid
if [[ "$sample" == all ]]; then
    "$python" -m openqa.cli evaluate reading --data "$data"
else
    "$python" -m openqa.cli evaluate reading --data "$data" --sample "$sample"
fi
