#!/usr/bin/env bash
# The README's figures beside XQuAD: MLQA dev, the parts that train nothing (retrieval and a sample of reading), and
# sentence matching on FLORES devtest.
#   bash scripts/reproduce_mlqa.sh ../shared/data        SAMPLE=60 questions a pair for reading
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export OMP_WAIT_POLICY=PASSIVE PYTHONPATH=.
data="${1:-../shared/data}"
python="${PYTHON:-python}"
evaluate=("$python" -m openqa.cli evaluate)
"${evaluate[@]}" retrieval --dataset mlqa-dev --data "$data/qa/mlqa-dev" --measures R@1,R@5,R@10
"${evaluate[@]}" reading --dataset mlqa-dev --data "$data/qa/mlqa-dev" --normalization mlqa --sample "${SAMPLE:-60}"
"${evaluate[@]}" retrieval --dataset flores --data "$data/parallel" --retriever dense --measures R@1
