"""Models that give some tokens no probability at all, or nearly all of it."""

from __future__ import annotations

import torch

from transformer_cli.model.transformer import Transformer


def set_logit(model: Transformer, token: int, logit: float) -> None:
    """Make ``token`` have this logit after every hidden state of a model with pre-norm and untied embeddings.

    The first component of the last hidden state is made 1 for that.
    """
    with torch.no_grad():
        model.decoder_norm.get_parameter("weight")[0] = 0.0
        model.decoder_norm.get_parameter("bias")[0] = 1.0
        model.output.weight[token] = 0.0
        model.output.weight[token, 0] = logit
