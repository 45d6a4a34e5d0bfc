#!/bin/sh
# From a fresh clone to a translation: makes .venv if there is none, then trains the small French-English
# model of the phrasebook, translates with it and scores it, in a folder of your choice or a new temporary one:
#     sh recipes/quickstart.sh [FOLDER]
# Every command is printed before it runs, so that you can type it yourself.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

sh "$root/.ci/environment.sh"
PATH=$root/.venv/bin:$PATH
export PATH

started=$(date +%s)
folder=${1:-$(mktemp -d)}
mkdir -p -- "$folder"
CDPATH='' cd -- "$folder"
printf '$ . "%s/.venv/bin/activate"\n$ cd "%s"\n' "$root" "$PWD"

run() {
    printf '\n$ %s\n' "$1"
    sh -c "$1"
}

run 'tfm train phrasebook'
run 'echo "Je suis étudiant." | tfm translate'
run 'tfm translate runs/phrasebook/data/test.fr --output translated.en'
run 'tfm score runs/phrasebook/data/test.en translated.en'

seconds=$(($(date +%s) - started))
printf '\n%d min %d s, without the installation\n' $((seconds / 60)) $((seconds % 60))
