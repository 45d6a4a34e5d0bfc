"""Beam search over a `StepDecoder`, for all sentences of a batch at once; finished sentences leave the batch.

Each sentence has two banks of fixed size W: live hypotheses, which can still grow, and finished ones, which end in eos.
A step takes the 2W best continuations of the live hypotheses. One that ends in eos is finished if it is among the first
W. The first W that do not end in eos stay live (at most W can end in eos, so there are always W others). At the maximum
length eos is the only continuation. A sentence is over when W hypotheses have finished, or at its maximum length. Width
1 is therefore greedy search.

A beam that narrows, as Marian's, loses a place with each hypothesis that finishes: a step takes only as many
continuations as places are left. At the maximum length its hypotheses end without eos, which the score does not count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from transformer_cli.decoding.engine import Prefixes, check_search
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.search.constraints import constrain, given_tokens
from transformer_cli.decoding.search.step_decoder import StepDecoder, not_a_number_error
from transformer_cli.decoding.search.top_continuations import best_continuations
from transformer_cli.errors import UsageError
from transformer_cli.special_tokens import BOS_ID, EOS_ID

_LEAVE_SHARE = 8
"""Sentences that are over leave the batch once they make up 1/8 of it, because closing the gaps also takes time."""


@dataclass(frozen=True, slots=True)
class BeamState:
    """State of the search over B sentences after ``length`` steps.

    A bank has W places; an empty place holds -inf. Tokens are not copied from step to step. Each live
    hypothesis stores its parent's row in the previous state, and the sentences are read backwards at
    the end.
    """

    length: int  # tokens generated so far, the same for every live hypothesis
    narrows: bool  # whether a finished hypothesis gives up its place
    normalisers: Tensor  # float32: (longest + 2,), n ** length_penalty at index n
    sentences: Tensor  # int64: (B,), position in the initial batch
    max_lengths: Tensor  # int64: (B,), eos included
    live_log_probs: Tensor  # float32: (B, W), best first
    live_tokens: Tensor  # int64: (B, W), the last token of each
    live_parents: Tensor  # int64: (B, W), row (of B' * W) in the previous state
    finished_scores: Tensor  # float32: (B, W), best first
    finished_log_probs: Tensor  # float32: (B, W)
    finished_lengths: Tensor  # int64: (B, W), eos included
    finished_parents: Tensor  # int64: (B, W), row in the state of length finished_length - 1

    def take(self, indices: Tensor) -> BeamState:
        """Keep only the sentences at these indices ((B',) int64)."""
        shared = ("length", "narrows", "normalisers")
        taken = {f.name: getattr(self, f.name)[indices] for f in fields(self) if f.name not in shared}
        return replace(self, **taken)


def beam_search(
    decoder: StepDecoder,
    *,
    max_lengths: Tensor,
    beam_size: int,
    length_penalty: float,
    n_best: int = 1,
    prefixes: Prefixes = (),
    narrows: bool = False,
    early_stop: bool = True,
) -> list[list[Hypothesis]]:
    """Find the best translations of each sentence of a batch.

    Args:
        decoder: Source of the probabilities; it starts with ``beam_size`` equal rows for each sentence.
        max_lengths: (B,) int64, the maximum length of each sentence, eos included; on the decoder's
            device.
        beam_size: W, the number of live hypotheses of a sentence.
        length_penalty: The exponent in the score of a `Hypothesis`.
        n_best: Number of hypotheses to return for each sentence.
        prefixes: Tokens at the beginning of every hypothesis of each sentence, shorter than its maximum length; or
            nothing if none is given.
        narrows: Whether the beam narrows (see above).
        early_stop: Whether to end a sentence as soon as its answer is certain (see `is_settled`). This
            never changes the answer.

    Returns:
        For each sentence, in order, its ``n_best`` hypotheses, best first, or fewer if fewer have a
        probability above 0.

    Raises:
        UsageError: ``beam_size`` or ``n_best`` is below 1, ``n_best`` is above ``beam_size``,
            ``length_penalty`` is not in -10 to 10, or a maximum length is below 1.
        TfmError: The decoder returned a value that is not a number.
    """
    limits = set(max_lengths.tolist())
    _check_arguments(limits, beam_size=beam_size, length_penalty=length_penalty, n_best=n_best)
    state = initial_state(max_lengths, beam_size=beam_size, length_penalty=length_penalty, narrows=narrows)
    given = given_tokens(prefixes, device=max_lengths.device)
    history = [state]  # at each length, the sentences still in the batch
    departed = []  # each sentence once, in its final state

    over = torch.zeros(len(max_lengths), dtype=torch.bool, device=max_lengths.device)  # still in the batch, but settled

    with torch.no_grad():
        while len(state.sentences) > 0:
            log_probs = decoder.step(state.live_tokens.flatten())
            position = state.length
            must_end = state.max_lengths == position + 1 if position + 1 in limits else None
            constrain(
                log_probs,
                given=given[state.sentences, position] if position < given.shape[1] else None,
                must_end=must_end,
                ends_freely=narrows,
            )
            state = advance(state, log_probs)
            settled = is_settled(state, n_best=n_best, early_stop=early_stop) & ~over
            over |= settled
            has_nan, has_moved, num_settled, num_over = _ask_device(state, settled, over)
            if has_nan:
                raise not_a_number_error(state.length)
            if num_settled:
                departed.append(state.take(settled.nonzero().squeeze(1)))
            must_leave = num_over * _LEAVE_SHARE >= len(over)
            if must_leave:
                state, over = state.take(_with_gaps_closed(over)), over.new_zeros(len(over) - num_over)
            if (has_moved or must_leave) and len(state.sentences) > 0:
                decoder.select(state.live_parents.flatten())
            history.append(state)
    return _read_off(departed, history, n_best=n_best)


def initial_state(max_lengths: Tensor, *, beam_size: int, length_penalty: float, narrows: bool) -> BeamState:
    """Return the state with one live hypothesis per sentence, consisting of bos only.

    Args:
        max_lengths: (B,) int64, the maximum length of each sentence, eos included.
        beam_size: W, the number of live hypotheses of a sentence.
        length_penalty: The exponent in the score of a `Hypothesis`.
        narrows: Whether the beam narrows.
    """
    num_sentences, device = len(max_lengths), max_lengths.device
    longest = int(max_lengths.max()) if num_sentences else 0
    lengths = torch.arange(longest + 2, dtype=torch.float64, device=device)
    empty_scores = torch.full((num_sentences, beam_size), -torch.inf, device=device)
    zeros = torch.zeros((num_sentences, beam_size), dtype=torch.int64, device=device)
    live_log_probs = empty_scores.clone()
    live_log_probs[:, 0] = 0.0
    return BeamState(
        length=0,
        narrows=narrows,
        normalisers=lengths.pow(length_penalty).float(),
        sentences=torch.arange(num_sentences, device=device),
        max_lengths=max_lengths,
        live_log_probs=live_log_probs,
        live_tokens=torch.full_like(zeros, BOS_ID),
        live_parents=zeros,
        finished_scores=empty_scores,
        finished_log_probs=empty_scores,
        finished_lengths=zeros,
        finished_parents=zeros,
    )


def advance(state: BeamState, log_probs: Tensor) -> BeamState:
    """Extend every live hypothesis by one token, and fill both banks with the best continuations.

    Args:
        state: State before the step.
        log_probs: (B * W, V) float32, log-probabilities of the next token; -inf where a token is not
            allowed. Overwritten.

    Returns:
        The state one token later. A NaN in ``log_probs`` leads to a NaN in one of its banks.
    """
    width = state.live_log_probs.shape[1]
    length = state.length + 1
    totals, parents, tokens = best_continuations(state.live_log_probs, log_probs)  # (B, 2W) each
    if state.narrows:
        places = (state.finished_scores == -torch.inf).sum(dim=1, keepdim=True)
        totals = totals.masked_fill(torch.arange(2 * width, device=totals.device) >= places, -torch.inf)
    is_eos = tokens == EOS_ID

    # Eos among the first W finishes a hypothesis. The sort is stable, so the older of two equal scores wins.
    normaliser = state.normalisers[length]
    if state.narrows:  # one of the maximum length ends without eos
        normaliser = state.normalisers[(length - (state.max_lengths == length).long()).clamp(min=1)][:, None]
    scores = totals[:, :width] / normaliser
    scores = scores.masked_fill(~is_eos[:, :width], -torch.inf)
    scores, order = torch.cat((state.finished_scores, scores), dim=1).sort(dim=1, descending=True, stable=True)
    order = order[:, :width]

    def merge(old: Tensor, new: Tensor) -> Tensor:
        return torch.cat((old, new[:, :width]), dim=1).gather(1, order)

    # The first W others stay live; the stable sort keeps both groups sorted, best first.
    alive = is_eos.to(torch.uint8).argsort(dim=1, stable=True)[:, :width]
    return replace(
        state,
        length=length,
        live_log_probs=totals.gather(1, alive),
        live_tokens=tokens.gather(1, alive),
        live_parents=parents.gather(1, alive),
        finished_scores=scores[:, :width],
        finished_log_probs=merge(state.finished_log_probs, totals),
        finished_lengths=merge(state.finished_lengths, torch.full_like(tokens, length)),
        finished_parents=merge(state.finished_parents, parents),
    )


def is_settled(state: BeamState, *, n_best: int, early_stop: bool) -> Tensor:
    """Return which sentences are over: W hypotheses finished, maximum length reached, or answer certain.

    A live hypothesis with log-probability p <= 0 finishes with at most p, because no step adds
    anything above 0. It finishes at a length n between the next length and the maximum.
    n ** length_penalty is monotone in n. Therefore p divided by the larger of its values at those two
    ends bounds every later score, for either sign of length_penalty. Once the n_best-th best finished
    score reaches this bound for the best live hypothesis, nothing can displace it, because an equal
    score ranks after an older one.

    Args:
        state: State after a step.
        n_best: Number of hypotheses in the answer.
        early_stop: Whether a certain answer ends a sentence.

    Returns:
        (B,) bool.
    """
    is_full = state.finished_scores[:, -1] > -torch.inf
    settled = is_full | (state.max_lengths <= state.length)
    if early_stop:
        longest = (state.max_lengths - int(state.narrows)).clamp(min=1)  # as the score counts
        divisors = state.normalisers[longest].maximum(state.normalisers[longest.clamp(max=state.length + 1)])
        settled |= state.finished_scores[:, n_best - 1] >= state.live_log_probs[:, 0] / divisors
    return settled


def _check_arguments(limits: set[int], beam_size: int, length_penalty: float, n_best: int) -> None:
    check_search(beam_size=beam_size, length_penalty=length_penalty, n_best=n_best)
    if limits and min(limits) < 1:
        raise UsageError(
            f"a maximum length of {min(limits)} leaves no room for the end of the sentence; give 1 or more"
        )


def _ask_device(state: BeamState, settled: Tensor, over: Tensor) -> list[int]:
    """Return in one transfer: any NaN, any moved row, the number newly settled, the number over."""
    nan = state.live_log_probs.isnan() | state.finished_scores.isnan()
    parents = state.live_parents.flatten()
    moved = parents != torch.arange(len(parents), device=parents.device)
    answers: list[int] = torch.stack((nan.any(), moved.any(), settled.sum(), over.sum())).tolist()
    return answers


def _with_gaps_closed(over: Tensor) -> Tensor:
    """Return the indices of the sentences that are not over; the last of them fill the gaps.

    All others keep their places, so a decoder has to move little of its state.
    """
    remaining = len(over) - int(over.sum())
    order = torch.arange(remaining, device=over.device)
    order[over[:remaining]] = (~over[remaining:]).nonzero().squeeze(1) + remaining
    return order


def _read_off(departed: list[BeamState], history: list[BeamState], *, n_best: int) -> list[list[Hypothesis]]:
    """Follow the parents of the best finished hypotheses back to bos.

    Args:
        departed: The sentences that are over, each sentence once.
        history: The state at each length, without the sentences that had left the batch.
        n_best: Number of hypotheses to read for each sentence.
    """
    parents = [state.live_parents.flatten().tolist() for state in history]
    tokens = [state.live_tokens.flatten().tolist() for state in history]

    def sentence(length: int, row: int) -> tuple[int, ...]:
        backwards = []
        for step in range(length - 1, 0, -1):
            backwards.append(tokens[step][row])
            row = parents[step][row]
        return tuple(reversed(backwards))

    answers: dict[int, list[Hypothesis]] = {}
    for state in departed:
        for index, *bank in zip(
            state.sentences.tolist(),
            state.finished_scores[:, :n_best].tolist(),
            state.finished_log_probs[:, :n_best].tolist(),
            state.finished_lengths[:, :n_best].tolist(),
            state.finished_parents[:, :n_best].tolist(),
            strict=True,
        ):
            answers[index] = [
                Hypothesis(sentence(length, row), score, log_prob)
                for score, log_prob, length, row in zip(*bank, strict=True)
                if score > -math.inf
            ]
    return [answers[index] for index in range(len(answers))]
