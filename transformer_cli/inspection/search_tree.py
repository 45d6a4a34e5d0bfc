"""Records a beam search as a tree of the best continuations of each step, with the fate of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.search.beam_search import beam_search
from transformer_cli.decoding.search.constraints import constrain
from transformer_cli.decoding.search.step_decoder import StepDecoder
from transformer_cli.special_tokens import BOS_ID, EOS_ID

Status = Literal["live", "finished", "pruned"]


@dataclass(frozen=True, slots=True)
class SearchNode:
    """A partial or complete translation considered by the search.

    Args:
        parent: Index of the node that this node extends by one token, or None for the root.
        step: Length in tokens, eos included.
        token: The last token.
        log_prob: Log-probability of all its tokens, in nats.
        score: ``log_prob / step ** length_penalty``, by which finished nodes are ranked; an end that is not counted is
            none of the steps.
        status: "live" if the search continued from it, or could have when it stopped; "finished" if it ends in eos and
            is among the W best of its step, or has one of the places left; "pruned" if it is among the 2W best
            continuations but was dropped.
        is_best: Whether the node is on the path to the best translation.
    """

    parent: int | None
    step: int
    token: int
    log_prob: float
    score: float
    status: Status
    is_best: bool = False


@dataclass(frozen=True, slots=True)
class SearchTree:
    """The recorded search for one sentence.

    Args:
        nodes: All nodes in order of steps, from the root; within a step, the most probable first.
        best: The best translation.
    """

    nodes: tuple[SearchNode, ...]
    best: Hypothesis


@dataclass(frozen=True, slots=True)
class _Step:
    """Input and output of one step: (W,) last tokens, (W,) rows that they extend, (W, V) log-probabilities."""

    tokens: Tensor
    parents: Tensor
    log_probs: Tensor


class _RecordingDecoder:
    """A `StepDecoder` that records each step; the ordinary search runs on it unchanged."""

    def __init__(self, decoder: StepDecoder) -> None:
        self._decoder = decoder
        self._parents: Tensor | None = None
        self.steps: list[_Step] = []

    def step(self, tokens: Tensor) -> Tensor:
        """See `StepDecoder.step`."""
        parents = torch.arange(len(tokens)) if self._parents is None else self._parents
        log_probs = self._decoder.step(tokens)
        self.steps.append(_Step(tokens.cpu().clone(), parents, log_probs.cpu().clone()))  # the search changes it
        self._parents = None
        return log_probs

    def select(self, rows: Tensor) -> None:
        """See `StepDecoder.select`."""
        self._parents = rows.cpu().clone()
        self._decoder.select(rows)


def search_tree(
    decoder: StepDecoder,
    *,
    max_length: int,
    beam_size: int,
    length_penalty: float,
    device: torch.device,
    narrows: bool = False,
) -> SearchTree:
    """Search the translation of one sentence and return the search tree.

    Args:
        decoder: A decoder with ``beam_size`` rows for the sentence.
        max_length: Maximum number of tokens, eos included.
        beam_size: The beam size W.
        length_penalty: The exponent in the score.
        device: The device of the decoder.
        narrows: As for `beam_search`.
    """
    recording = _RecordingDecoder(decoder)
    ((best, *_),) = beam_search(
        recording,
        max_lengths=torch.tensor([max_length], device=device),
        beam_size=beam_size,
        length_penalty=length_penalty,
        narrows=narrows,
    )
    nodes = [SearchNode(None, 0, BOS_ID, 0.0, 0.0, "live")]
    rows = [0] * beam_size  # index of the node of each live row
    places = beam_size
    totals = torch.full((beam_size,), -torch.inf)
    totals[0] = 0.0
    for step, asked in enumerate(recording.steps, start=1):
        following = recording.steps[step] if step < len(recording.steps) else None
        first = len(nodes)
        at_limit = step == max_length
        found = _continuations(asked.log_probs, totals, at_limit=at_limit, ends_freely=narrows)
        counted = max(1, step - (at_limit and narrows))  # an end without eos
        lived_on = {rank for rank in _lived_on(following, found, beam_size) if rank < places or not narrows}
        nodes += [
            SearchNode(
                rows[parent],
                step,
                token,
                total,
                total / counted**length_penalty,
                _status(rank, token, lived_on, places),
            )
            for rank, (parent, token, total) in enumerate(found)
        ]
        places -= narrows * sum(node.status == "finished" for node in nodes[first:])
        if following is not None:
            place = {found[rank][:2]: first + rank for rank in lived_on}
            pairs = list(zip(following.parents.tolist(), following.tokens.tolist(), strict=True))
            rows = [place.get(pair, 0) for pair in pairs]
            totals = torch.tensor([nodes[row].log_prob if row else -torch.inf for row in rows])
    return SearchTree(_mark_best(nodes, best), best)


def _continuations(
    log_probs: Tensor, totals: Tensor, *, at_limit: bool, ends_freely: bool
) -> list[tuple[int, int, float]]:
    """Return (row, token, total log-probability) of the 2W best possible continuations, best first."""
    weighed = log_probs.float().clone()  # (W, V)
    constrain(weighed, must_end=torch.tensor([at_limit]), ends_freely=ends_freely)
    weighed += totals[:, None]
    best, cells = weighed.flatten().topk(min(2 * len(totals), weighed.numel()))
    found = zip(cells.tolist(), best.tolist(), strict=True)
    return [(*divmod(cell, weighed.size(1)), total) for cell, total in found if total > -torch.inf]


def _lived_on(following: _Step | None, found: list[tuple[int, int, float]], beam_size: int) -> set[int]:
    """Return the indices of the continuations kept by the search; after the last step, those that it could keep."""
    if following is None:
        return set([rank for rank, (_, token, _) in enumerate(found) if token != EOS_ID][:beam_size])
    pairs = set(zip(following.parents.tolist(), following.tokens.tolist(), strict=True))
    return {rank for rank, (parent, token, _) in enumerate(found) if (parent, token) in pairs}


def _status(rank: int, token: int, lived_on: set[int], places: int) -> Status:
    if token == EOS_ID:
        return "finished" if rank < places else "pruned"
    return "live" if rank in lived_on else "pruned"


def _mark_best(nodes: list[SearchNode], best: Hypothesis) -> tuple[SearchNode, ...]:
    """Mark the path from the root to the last node of the best translation."""
    path = [0]
    for token in (*best.tokens, EOS_ID):
        children = (i for i, node in enumerate(nodes) if node.parent == path[-1] and node.token == token and i)
        path.append(next(children))
    return tuple(replace(node, is_best=True) if i in set(path) else node for i, node in enumerate(nodes))
