"""Checks with the live model whether the two sides of new sentence pairs are translations of each other.

Held-out sets show damage late: a model that still learns may gain more from repeated pairs than it loses from
misaligned new ones. So this check looks at the new pairs themselves.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from transformer_cli.data.tokens.batching import Batch, make_batch
from transformer_cli.data.tokens.encoded import EncodedCorpus
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import PAD_ID

_SAMPLE = 400
_FEWEST = 50
_AT_ONCE = 16
_ABLE = 20.0
"""Alignment in standard errors that any model able to translate reaches on pairs it has learned."""


def alignment_of_new(
    model: Transformer, corpus: EncodedCorpus, is_new: NDArray[np.bool_], origins: NDArray[np.integer]
) -> float | None:
    """Return the `alignment` of the new pairs by the model that has learned the other pairs, or the lowest of a corpus.

    A corpus is judged alone where it has a whole sample of new pairs: the fewer pairs, the less is known of them, so
    that the alignment of good ones is low as well.

    Args:
        model: Put into evaluation mode.
        corpus: All pairs.
        is_new: (pairs,) boolean.
        origins: (pairs,) integer, the number of the corpus of each pair; below 0 for pairs that models made, which
            say nothing about those that people upload.

    Returns:
        The alignment, or None if there are too few pairs, or if the model is too weak: it must distinguish the pairs it
        has learned from mixed up pairs.
    """
    known = alignment(model, corpus, np.flatnonzero(~is_new & (origins >= 0)))
    if known is None or known < _ABLE:
        return None
    new = is_new & (origins >= 0)
    alone = [new & (origins == origin) for origin in np.unique(origins[new])]
    groups = [new, *(group for group in alone if _SAMPLE <= group.sum() < new.sum())]
    found = [alignment(model, corpus, np.flatnonzero(group)) for group in groups]
    return min((value for value in found if value is not None), default=None)


@torch.no_grad()
def alignment(model: Transformer, corpus: EncodedCorpus, candidates: NDArray[np.int64]) -> float | None:
    """Compare the likelihood of the targets of a sample of pairs with that of their neighbours by length.

    Args:
        model: Put into evaluation mode.
        corpus: All pairs.
        candidates: Indices of the pairs to check.

    Returns:
        The mean over pairs of the difference in log-probability per token, divided by its standard error: around 0 for
        targets unrelated to their sources, far above 0 for translations. None for fewer than 50 pairs, which are too
        few to judge.
    """
    limit = model.config.max_length
    fits = (corpus.source.lengths[candidates] <= limit) & (corpus.target.lengths[candidates] <= limit)
    candidates = candidates[fits]
    if len(candidates) < _FEWEST:
        return None
    sample = np.random.default_rng(0).permutation(candidates)[:_SAMPLE]
    sample = sample[np.argsort(corpus.target.lengths[sample], kind="stable")]
    model.eval()
    device = next(model.parameters()).device
    differences = []
    for first in range(0, len(sample), _AT_ONCE):
        own = sample[first : first + _AT_ONCE]
        pairs, others = (make_batch(corpus, indices).to(device) for indices in (own, np.roll(own, 1)))
        mismatched = replace(others, source=pairs.source, source_mask=pairs.source_mask)
        differences.append(_mean_log_prob(model, pairs) - _mean_log_prob(model, mismatched))
    each = torch.cat(differences).double()
    error = each.std().item() / math.sqrt(len(each))
    return each.mean().item() / error if error else 0.0


def _mean_log_prob(model: Transformer, batch: Batch) -> Tensor:
    """Return the log-probability per token of each target, (B,), eos included."""
    memory = model.encode(batch.source, batch.source_mask)
    logits = model.logits(model.decode(batch.decoder_input, memory, batch.source_mask)).float()
    losses = F.cross_entropy(logits.transpose(1, 2), batch.labels, ignore_index=PAD_ID, reduction="none")
    return -losses.sum(dim=1) / (batch.labels != PAD_ID).sum(dim=1)
