#!/bin/sh
# Put TMX files into the inbox of a recipe with train = ["inbox/*.tmx"]: sh drop.sh INBOX FILE.tmx...
#
# A file is copied under a hidden name and then renamed, so that a training never reads half of it. Its name begins with
# a sum of its content: the same file dropped twice is there once, and different files of one name are both there.
set -eu
[ $# -ge 2 ] || { echo "usage: sh drop.sh INBOX FILE.tmx..." >&2; exit 2; }
inbox=$1
shift
mkdir -p "$inbox"
for file in "$@"; do
    case $file in
        *.tmx) ;;
        *) echo "$file: not a .tmx file" >&2; exit 2 ;;
    esac
    sum=$(cksum < "$file" | cut -d ' ' -f 1)
    hidden=$inbox/.$sum.$$
    trap 'rm -f "$hidden"' EXIT
    cp "$file" "$hidden"
    sync "$hidden" 2> /dev/null || sync
    mv -f "$hidden" "$inbox/$sum-$(basename "$file")"
done
