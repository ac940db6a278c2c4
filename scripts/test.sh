#!/usr/bin/env bash
# Makes .venv-test with the versions of constraints.txt, then runs lint, types and tests. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/environment.sh
source scripts/environment.sh
export OMP_WAIT_POLICY=PASSIVE

make_environment .venv-test
stamp=".venv-test/.installed"
wanted="$(cat pyproject.toml constraints.txt | cksum)"
if [[ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]]; then
    pip=(.venv-test/bin/python -m pip install --quiet --disable-pip-version-check)
    "${pip[@]}" "torch==2.13.0"
    "${pip[@]}" -c constraints.txt -e ".[dev]"
    echo "$wanted" >"$stamp"
fi
.venv-test/bin/ruff check .
.venv-test/bin/ruff format --check .
.venv-test/bin/mypy
.venv-test/bin/python -m pytest "$@"
