"""Choose the terms of a glossary from training text, and count those that translations keep.

    python recipes/benchmarks/glossary.py choose TRAIN_SOURCE TRAIN_TARGET SOURCE REFERENCE > terms.tsv
    python recipes/benchmarks/glossary.py count terms.tsv SOURCE REFERENCE TRANSLATION...

Each file is plain text, one line for one line. A term is a word of four letters or more and the word of the other
language that it occurs with most, and the other way round (Dice's coefficient of the training pairs); its row is
written if four fifths of the held-out pairs with the one have the other. Only pairs with a term on both sides are
counted: exactly as the glossary writes it, or in another form, which has the same first letters but for the last three
at most.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from sacrebleu import corpus_bleu

from transformer_cli.decoding.placeholders.glossary import Glossary
from transformer_cli.text.protected import placeholder_spans

WORD = re.compile(r"[^\W\d_]+")
FEWEST = 20
LEAST_DICE = 0.4
LEAST_KEPT = 0.8


def choose(files: Sequence[str]) -> None:
    """Print the terms."""
    train, held_out = (list(zip(*map(_lines, side), strict=True)) for side in (files[:2], files[2:]))
    pairs = [tuple(set(WORD.findall(text.lower())) for text in pair) for pair in train]
    counts = [Counter(word for pair in pairs for word in pair[side] if len(word) >= 4) for side in (0, 1)]
    frequent = [{word for word, number in own.items() if number >= FEWEST} for own in counts]
    together = Counter(both for pair in pairs for both in product(pair[0] & frequent[0], pair[1] & frequent[1]))
    dice = {(s, t): 2 * number / (counts[0][s] + counts[1][t]) for (s, t), number in together.items()}
    best: list[dict[str, tuple[float, str]]] = [{}, {}]
    for words, value in dice.items():
        for own, word, other in zip(best, words, reversed(words), strict=True):
            own[word] = max(own.get(word, (0.0, "")), (value, other))
    written = Counter(word for _, target in train for word in WORD.findall(target))
    for source, (value, target) in sorted(best[0].items()):
        kept = [_has(target, reference) for text, reference in held_out if _has(source, text)]
        is_term = value >= LEAST_DICE and best[1][target][1] == source != target
        if is_term and sum(kept) >= max(1, LEAST_KEPT * len(kept)):
            form = max((target, target.capitalize()), key=written.__getitem__)  # nouns of German have a capital
            sys.stdout.write(f"{source}\t{form}\n")


def count(terms_file: str, files: Sequence[str]) -> None:
    """Print a row for each translation."""
    terms = dict(line.split("\t") for line in _lines(terms_file))
    glossary = Glossary(terms, "")
    sources, references, *translations = map(_lines, files)
    wanted = [
        [span.text for span in glossary.spans(source, placeholder_spans(source)) if _has(span.text, reference)]
        for source, reference in zip(sources, references, strict=True)
    ]
    having = [i for i, own in enumerate(wanted) if own]
    total = sum(map(len, wanted))
    sys.stdout.write(f"{len(terms)} terms, {total} times in {len(having)} of {len(sources)} lines\n")
    for name, lines in zip(files[2:], translations, strict=True):
        exact = sum(_has(term, line) for own, line in zip(wanted, lines, strict=True) for term in own)
        formed = sum(_has_form(term, line) for own, line in zip(wanted, lines, strict=True) for term in own)
        of_lines = corpus_bleu([lines[i] for i in having], [[references[i] for i in having]]).score
        of_all = corpus_bleu(lines, [references]).score
        kept = f"kept {exact / total:.1%}, in any form {formed / total:.1%}"
        sys.stdout.write(f"{name}: {kept}; BLEU of these lines {of_lines:.2f}, of all {of_all:.2f}\n")


def _has(term: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(term)}(?!\w)", text, re.IGNORECASE) is not None


def _has_form(term: str, text: str) -> bool:
    stem = term[: max(4, len(term) - 3)]
    return re.search(rf"(?<!\w){re.escape(stem)}\w{{0,6}}(?!\w)", text, re.IGNORECASE) is not None


def _lines(name: str) -> list[str]:
    return Path(name).read_text(encoding="utf-8").split("\n")[:-1]


if __name__ == "__main__":
    if sys.argv[1] == "choose":
        choose(sys.argv[2:])
    else:
        count(sys.argv[2], sys.argv[3:])
