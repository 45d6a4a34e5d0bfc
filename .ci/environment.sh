#!/bin/sh
# Makes .venv at the repository root, or brings it up to date, with the releases in .ci/constraints.txt:
#     sh .ci/environment.sh          the program alone
#     sh .ci/environment.sh test     the program and what its checks need
# An environment that is up to date is left as it is, without a look at the network.
# PYTHON names the interpreter (3.11 or newer) that a new environment is made from.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/.."

extra=${1:-}
python=.venv/bin/python

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

# $1: an interpreter; $2: what to do if it will not serve.
require_python() {
    command -v -- "$1" >/dev/null || fail "found no Python at $1; $2"
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$1 is $("$1" --version 2>&1), but 3.11 or newer is needed; $2"
}

# Covers what decides the environment's content, and its place, because an editable install holds a path.
fingerprint() {
    { pwd && "$python" --version && cat pyproject.toml .ci/constraints.txt; } | cksum
}

if ! "$python" -m pip --version >/dev/null 2>&1; then
    base=${PYTHON:-python3}
    require_python "$base" 'name another with PYTHON=/path/to/python3'
    "$base" -m venv .venv ||
        fail 'could not make .venv; remove what is left of it, or on Debian and Ubuntu: apt install python3-venv'
fi
require_python "$python" 'remove .venv and run this again'

current=$(fingerprint)
for stamp in .venv/installed-test ".venv/installed${extra:+-$extra}"; do
    if [ "$(cat "$stamp" 2>/dev/null)" = "$current" ]; then
        exit 0
    fi
done

echo 'installing into .venv (once; PyTorch alone is some hundred megabytes)' >&2
quiet=--quiet
if [ -t 2 ]; then quiet=; fi
rm -f .venv/installed .venv/installed-test
# shellcheck disable=SC2086  # an empty $quiet is no argument
"$python" -m pip install $quiet --disable-pip-version-check \
    --constraint .ci/constraints.txt --editable ".${extra:+[$extra]}" >&2
echo "$current" >"$stamp"
