"""Which pairs are fit to learn from: small rules with names, counted and never silent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from transformer_cli.config import CleaningConfig
from transformer_cli.data.normalization import normalize
from transformer_cli.data.readers import SentencePair


def pair_hash(source: str, target: str) -> int:
    """Return 64 bits that stand for a pair; the same on every machine and in every run."""
    text = f"{source}\n{target}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


@dataclass(slots=True)
class CleaningReport:
    """How many pairs of one corpus were read, kept, and dropped by which rule."""

    read: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)

    def drop(self, rule: str) -> None:
        """Count one pair that ``rule`` drops."""
        self.dropped[rule] = self.dropped.get(rule, 0) + 1

    def __add__(self, other: CleaningReport) -> CleaningReport:
        rules = {
            rule: self.dropped.get(rule, 0) + other.dropped.get(rule, 0) for rule in {**self.dropped, **other.dropped}
        }
        return CleaningReport(self.read + other.read, self.kept + other.kept, rules)


class Cleaner:
    """Applies the rules to one corpus after the other; duplicates are found across all of them.

    Args:
        config: Which rules, how strict.
        held_out: `pair_hash` of every pair of the validation and test sets: a training pair that stands there too is
            dropped, else the scores would be of things seen before.
    """

    def __init__(self, config: CleaningConfig, held_out: Iterable[int] = ()) -> None:
        self._config = config
        self._held_out = frozenset(held_out)
        self._seen: set[int] = set()

    def clean(self, pairs: Iterable[SentencePair], report: CleaningReport) -> Iterator[tuple[str, str]]:
        """Yield the pairs that pass every rule, normalised; count all of them in ``report``."""
        for pair in pairs:
            report.read += 1
            source, target = normalize(pair.source), normalize(pair.target)
            rule = self._broken_rule(pair, source, target)
            if rule is not None:
                report.drop(rule)
                continue
            report.kept += 1
            yield source, target

    def _broken_rule(self, pair: SentencePair, source: str, target: str) -> str | None:
        if not pair.is_utf8:
            return "not_utf8"
        if not source or not target:
            return "empty"
        if self._config.too_long and max(len(source), len(target)) > self._config.too_long:
            return "too_long"
        key = pair_hash(source, target)
        if key in self._held_out:
            return "held_out"
        if self._config.duplicate:
            if key in self._seen:
                return "duplicate"
            self._seen.add(key)
        return None
