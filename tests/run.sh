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
unset PYTHONDONTWRITEBYTECODE # else each of some hundred processes compiles the package again

# The tests of pages want Debian's Chromium. Looked for once; where it cannot be had they say so and are left out.
if ! command -v chromedriver >/dev/null && command -v apt-get >/dev/null && [ ! -e .venv/chromium-sought ]; then
    touch .venv/chromium-sought
    become_root=
    if [ "$(id -u)" != 0 ]; then become_root='sudo -n'; fi
    if ! { timeout 120 $become_root apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive timeout 300 $become_root apt-get install -y -qq --no-install-recommends \
            chromium chromium-driver; } </dev/null >/dev/null 2>&1; then
        echo 'found no Chromium to install: the tests of pages in a browser are left out' >&2
    fi
fi

ruff check
ruff format --check
mypy
lint-imports --no-logo
exec pytest --durations=10 "$@"
