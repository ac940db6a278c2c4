# Sourced by demo.sh and test.sh: `find_python` prints the first Python on the path that is 3.11 or newer.
find_python() {
    local name
    for name in python3 python3.11 python3.12 python3.13 python3.14 python; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$name"
            return 0
        fi
    done
    echo "no Python 3.11 or newer with venv found on the path; install one, for example: apt install python3.11-venv" >&2
    return 1
}

# `make_environment FOLDER` makes a virtual environment unless a working one is there.
make_environment() {
    local folder="$1" python
    if ! "$folder/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        python="$(find_python)"
        rm -rf "$folder"
        "$python" -m venv "$folder"
    fi
}
