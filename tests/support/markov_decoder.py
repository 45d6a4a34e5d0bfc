"""Step decoders without a model: tables of log-probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from transformer_cli.decoding.search.step_decoder import StepDecoder
from transformer_cli.special_tokens import BOS_ID, EOS_ID

FIRST_WORD_ID = 4
LETTERS = "ABCDE"

#            .6          .4
#     ^ ---------> A ---------> C ---------> $       A C  .6 x .4         = .24   greedy
#     |            | \ .35             1
#     |            |  `-------> D ---------> $       A D  .6 x .35        = .21
#     |            |                   1
#     |            `----------> $                    A    .6 x .25        = .15
#     |                 .25
#     | .4              .9
#     `--> B -----------------> E ---------> $       B E  .4 x .9         = .36   the best
#          |                           1
#          `------------------> $                    B    .4 x .1         = .04
#                      .1
CHAIN = {
    "^": {"A": 0.6, "B": 0.4},
    "A": {"C": 0.4, "D": 0.35, "$": 0.25},
    "B": {"E": 0.9, "$": 0.1},
    "C": {"$": 1.0},
    "D": {"$": 1.0},
    "E": {"$": 1.0},
}
SENTENCES = {"BE": 0.36, "AC": 0.24, "AD": 0.21, "A": 0.15, "B": 0.04}


class MarkovDecoder:
    """A decoder whose next token depends on the last one alone.

    Args:
        table: (V, V) float32, ``table[a, b]`` is the log-probability of b after a.
    """

    def __init__(self, table: Tensor) -> None:
        self.table = table

    @classmethod
    def from_chain(cls, chain: Mapping[str, Mapping[str, float]]) -> MarkovDecoder:
        """Read ``chain[a][b]``, the probability of b after a; "^" is bos, "$" eos, A to E words."""
        ids = {
            "^": BOS_ID,
            "$": EOS_ID,
            **{letter: FIRST_WORD_ID + i for i, letter in enumerate(LETTERS)},
        }
        table = torch.zeros(FIRST_WORD_ID + len(LETTERS), FIRST_WORD_ID + len(LETTERS))
        for before, arrows in chain.items():
            for after, probability in arrows.items():
                table[ids[before], ids[after]] = probability
        return cls(table.log())

    def step(self, tokens: Tensor) -> Tensor:
        return self.table[tokens]

    def select(self, rows: Tensor) -> None:
        """There is nothing to keep, so nothing to reorder."""


class PrefixDecoder:
    """A decoder whose next token depends on its sentence and on all tokens so far, drawn at random.

    Args:
        sources: One number for each row; rows of one number are the same sentence.
        vocab_size: V.
    """

    def __init__(self, sources: Iterable[int], *, vocab_size: int) -> None:
        self.prefixes: list[tuple[int, ...]] = [(source,) for source in sources]
        self.vocab_size = vocab_size

    def step(self, tokens: Tensor) -> Tensor:
        last = tokens.tolist()
        self.prefixes = [(*prefix, token) for prefix, token in zip(self.prefixes, last, strict=True)]
        return torch.stack([self.log_probs(prefix) for prefix in self.prefixes])

    def select(self, rows: Tensor) -> None:
        self.prefixes = [self.prefixes[row] for row in rows.tolist()]

    def log_probs(self, prefix: tuple[int, ...]) -> Tensor:
        """Return (V,) float32, the same for the same source number and tokens (bos first)."""
        generator = torch.Generator().manual_seed(hash(prefix) % 2**32)
        return torch.randn(self.vocab_size, generator=generator).mul(2.0).log_softmax(0)


class RecordingDecoder:
    """Passes calls on to another decoder; notes the number of rows and the rows selected."""

    def __init__(self, decoder: StepDecoder) -> None:
        self.decoder = decoder
        self.rows_of_steps: list[int] = []
        self.selected: list[list[int]] = []

    def step(self, tokens: Tensor) -> Tensor:
        self.rows_of_steps.append(len(tokens))
        return self.decoder.step(tokens)

    def select(self, rows: Tensor) -> None:
        self.selected.append(rows.tolist())
        self.decoder.select(rows)


class FailingDecoder:
    """Would rather go on than stop; one step (counted from 1) gives NaN for one token."""

    def __init__(self, *, vocab_size: int, step: int, token: int) -> None:
        self.vocab_size = vocab_size
        self.steps_left = step
        self.token = token

    def step(self, tokens: Tensor) -> Tensor:
        log_probs = torch.zeros(len(tokens), self.vocab_size)
        log_probs[:, EOS_ID] = -5.0
        log_probs = log_probs.log_softmax(1)
        self.steps_left -= 1
        if self.steps_left == 0:
            log_probs[:, self.token] = torch.nan
        return log_probs

    def select(self, rows: Tensor) -> None:
        """Every row is the same."""


def repeat_rows(sources: Sequence[int], beam_size: int) -> list[int]:
    """Name the sentence of each row: W rows of the first, then W of the second, and so on."""
    return [source for source in sources for _ in range(beam_size)]


def to_letters(tokens: Iterable[int]) -> str:
    """Spell tokens of a `MarkovDecoder.from_chain`."""
    return "".join(LETTERS[token - FIRST_WORD_ID] for token in tokens)
