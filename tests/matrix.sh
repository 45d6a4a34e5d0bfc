#!/bin/sh
# The tests as other machines would run them, as far as this one can imitate those:
#     sh tests/matrix.sh                   all combinations; takes as many times as long as the tests do
#     sh tests/matrix.sh avx2 shuffle-1    these
# Prints a line for each combination with pytest's last one, and exits with 1 if a test failed anywhere.
#
# PyTorch, oneDNN and CTranslate2 take less of the processor than there is if variables of theirs say so, and so does
# MKL, which both compute with on Intel's. Processes that tests start inherit the variables.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/.."

combinations() {
    combination native ''
    combination generic '' ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 CT2_FORCE_CPU_ISA=GENERIC \
        MKL_ENABLE_INSTRUCTIONS=SSE4_2
    combination avx2 avx2 ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 CT2_FORCE_CPU_ISA=AVX2 \
        MKL_ENABLE_INSTRUCTIONS=AVX2
    combination avx512 avx512f ATEN_CPU_CAPABILITY=avx512 ONEDNN_MAX_CPU_ISA=AVX512_CORE CT2_FORCE_CPU_ISA=AVX512
    combination vnni avx512_vnni ATEN_CPU_CAPABILITY=avx512 ONEDNN_MAX_CPU_ISA=AVX512_CORE_VNNI CT2_FORCE_CPU_ISA=AVX512
    combination bf16 avx512_bf16 ATEN_CPU_CAPABILITY=avx512 ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16 CT2_FORCE_CPU_ISA=AVX512
    combination two-threads '' OMP_NUM_THREADS=2
    combination one-process '' -n 0
    combination shuffle-1 '' --shuffle 1
    combination shuffle-2 '' --shuffle 2
    combination shuffle-3 '' --shuffle 3
    combination busy '' # while something else keeps a core busy
}

# $1: name; $2: what the processor must have, or ''; the others: variables, then pytest's arguments.
combination() {
    name=$1 needed=$2
    shift 2
    names="$names $name"
    case $chosen in
    '  ' | *" $name "*) ;;
    *) return 0 ;;
    esac
    if [ "$is_listing" = yes ]; then
        return 0
    fi
    if [ -n "$needed" ] && ! grep -qsw "$needed" /proc/cpuinfo; then
        echo "$name: skipped, for this processor has no $needed"
        skipped="$skipped $name"
        return 0
    fi
    variables=''
    while [ $# -gt 0 ]; do
        case $1 in
        *=*) variables="$variables $1" && shift ;;
        *) break ;;
        esac
    done
    if [ "$name" = busy ]; then
        while :; do :; done &
        busy=$!
    fi
    count=$((count + 1))
    # shellcheck disable=SC2086  # a word for each variable
    if ! env $variables pytest -q "$@" >"$logs/$name" 2>&1 </dev/null; then
        failed="$failed $name"
        grep -E '^(FAILED|ERROR) ' "$logs/$name" || true
    fi
    echo "$name: $(tail -n 1 "$logs/$name")"
}

chosen=" $* "
names=''
is_listing=yes
combinations
for name in "$@"; do
    case "$names " in
    *" $name "*) ;;
    *)
        echo "error: no combination is called $name; there are:$names" >&2
        exit 2
        ;;
    esac
done

sh .ci/environment.sh test
PATH=$PWD/.venv/bin:$PATH
export PATH
unset PYTHONDONTWRITEBYTECODE

logs=$(mktemp -d)
count=0 skipped='' failed='' busy=''
trap 'if [ -n "$busy" ]; then kill "$busy"; fi' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
is_listing=no
combinations
echo "$count combinations; failed:${failed:- none}; skipped:${skipped:- none}; all output is in $logs"
[ -z "$failed" ]
