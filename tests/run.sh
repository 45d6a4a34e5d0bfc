#!/bin/sh
# Every check there is: lint, format, types, direction of imports, tests. Arguments go to pytest:
#     sh tests/run.sh
#     sh tests/run.sh -m slow
# Makes its own environment in .venv on the first run.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/.."

sh .ci/environment.sh test
PATH=$PWD/.venv/bin:$PATH
export PATH

ruff check
ruff format --check
mypy
lint-imports --no-logo
exec pytest "$@"
