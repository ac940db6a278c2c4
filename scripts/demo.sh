#!/usr/bin/env bash
# Installs openqa with the faiss extra into .venv beside this checkout's README and runs its demo. Run it again at will.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/environment.sh
source scripts/environment.sh

make_environment .venv
stamp=".venv/.installed"
wanted="$(cksum pyproject.toml)"
if [[ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]]; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -e ".[faiss]" || {
        echo "pip could not install openqa; see the lines above, then run this again" >&2
        exit 1
    }
    echo "$wanted" >"$stamp"
fi
exec .venv/bin/openqa demo "$@"
