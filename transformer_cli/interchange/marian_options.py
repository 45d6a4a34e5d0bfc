"""The options that a Marian model was trained with, which lie in its file, and the shape that they mean for ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from transformer_cli.config import Activation, ModelConfig
from transformer_cli.errors import DataError

SETTINGS_ARRAY = "special:model.yml"
"""Name of the array that holds the options as YAML, a byte for each element."""

_ACTIVATIONS: dict[str, Activation] = {"relu": "relu", "swish": "swish", "gelu": "gelu_sigmoid"}
_EPSILON = 1e-9  # of Marian's layer norm
_LONGEST = 1024


class MarianOptions(BaseModel):
    """The options that matter; the defaults are Marian's."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str
    enc_depth: int = Field(default=6, alias="enc-depth")
    dec_depth: int = Field(default=6, alias="dec-depth")
    dim_emb: int = Field(default=512, alias="dim-emb")
    dim_ffn: int = Field(default=2048, alias="transformer-dim-ffn")
    decoder_dim_ffn: int = Field(default=0, alias="transformer-decoder-dim-ffn")
    heads: int = Field(default=8, alias="transformer-heads")
    ffn_depth: int = Field(default=2, alias="transformer-ffn-depth")
    decoder_ffn_depth: int = Field(default=0, alias="transformer-decoder-ffn-depth")
    activation: str = Field(default="swish", alias="transformer-ffn-activation")
    autoregression: str = Field(default="self-attention", alias="transformer-decoder-autoreg")
    preprocess: str = Field(default="", alias="transformer-preprocess")
    postprocess: str = Field(default="dan", alias="transformer-postprocess")
    postprocess_emb: str = Field(default="d", alias="transformer-postprocess-emb")
    postprocess_top: str = Field(default="", alias="transformer-postprocess-top")
    no_projection: bool = Field(default=False, alias="transformer-no-projection")
    no_bias: bool = Field(default=False, alias="transformer-no-bias")
    no_affine: bool = Field(default=False, alias="transformer-no-affine")
    depth_scaling: bool = Field(default=False, alias="transformer-depth-scaling")
    tied_layers: list[int] = Field(default=[], alias="transformer-tied-layers")
    attention_mask: str = Field(default="default", alias="transformer-attention-mask")
    is_right_to_left: bool = Field(default=False, alias="right-left")
    learned_positions: bool = Field(default=False, alias="transformer-train-position-embeddings")
    learned_positions_of_old: bool = Field(default=False, alias="transformer-train-positions")
    no_positions: bool = Field(default=False, alias="transformer-disable-position-embeddings")
    tied_embeddings: bool = Field(default=False, alias="tied-embeddings")
    tied_embeddings_src: bool = Field(default=False, alias="tied-embeddings-src")
    tied_embeddings_all: bool = Field(default=False, alias="tied-embeddings-all")
    dim_vocabs: list[int] = Field(alias="dim-vocabs")
    lemma_dim_emb: int = Field(default=0, alias="lemma-dim-emb")
    max_length_factor: float = Field(default=3.0, alias="max-length-factor")

    @property
    def has_one_matrix(self) -> bool:
        """Whether source and target share their embeddings."""
        return self.tied_embeddings_all or self.tied_embeddings_src

    @property
    def length_factor(self) -> float:
        """Largest number of tokens of a translation for each token of the source."""
        return max(1.0, self.max_length_factor)

    def obstacle(self) -> str | None:
        """Return a phrase that names what our model cannot do, with the way out, or None."""
        steps = (self.preprocess.replace("d", ""), self.postprocess.replace("d", ""), self.postprocess_top)
        wrong = (
            (self.type != "transformer", f'it is of the type "{self.type}"; only "transformer" can be imported'),
            (
                self.autoregression != "self-attention",
                f'its decoder is recurrent or averages ("{self.autoregression}"), as that of a student for speed; '
                "import the teacher that it learned from",
            ),
            (self.learned_positions or self.learned_positions_of_old, "its positions are learned; use marian"),
            (self.no_positions, "it has no positions; use marian"),
            (self.attention_mask != "default", f'its positions are in the mask ("{self.attention_mask}"); use marian'),
            (self.is_right_to_left, "it writes from right to left; use marian"),
            (
                steps != ("", "an", ""),
                "its layer norms do not stand after the sublayers alone (transformer-preprocess "
                f"{self.preprocess!r}, -postprocess {self.postprocess!r}, -postprocess-top {self.postprocess_top!r}); "
                "use marian, which does not normalise keys and values then",
            ),
            ("n" in self.postprocess_emb, "its embeddings are normalised (transformer-postprocess-emb); use marian"),
            (self.activation not in _ACTIVATIONS, f'its activation is "{self.activation}"; use marian'),
            (
                {self.ffn_depth, self.decoder_ffn_depth or self.ffn_depth} != {2},
                "transformer-ffn-depth is not 2; use marian",
            ),
            (self.decoder_dim_ffn not in (0, self.dim_ffn), "its decoder has another dim-ffn; use marian"),
            (self.no_projection, "transformer-no-projection is set; use marian"),
            (self.no_bias or self.no_affine, "transformer-no-bias or -no-affine is set; use marian"),
            (bool(self.tied_layers), "transformer-tied-layers is set; use marian"),
            (bool(self.lemma_dim_emb), "its vocabulary has factors (lemma-dim-emb); use marian"),
            (len(self.dim_vocabs) != 2, f"it has {len(self.dim_vocabs)} vocabularies instead of 2; use marian"),
            (self.dim_emb % 2 == 1 or self.dim_emb < 4, "dim-emb is odd or less than 4; use marian"),
            (
                self.tied_embeddings_src and not (self.tied_embeddings or self.tied_embeddings_all),
                "its source and target share a matrix that the output does not (tied-embeddings-src); use marian",
            ),
        )
        return next((phrase for is_wrong, phrase in wrong if is_wrong), None)

    def model_config_for(self, *, positions: Literal["paper", "marian"]) -> ModelConfig:
        """Return the shape of our model."""
        return ModelConfig.model_validate(
            {
                "preset": "base",
                "num_encoder_layers": self.enc_depth,
                "num_decoder_layers": self.dec_depth,
                "d_model": self.dim_emb,
                "d_ff": self.dim_ffn,
                "num_heads": self.heads,
                "norm": "post",
                "tied_embeddings": self.tied_embeddings or self.tied_embeddings_all,
                "activation": _ACTIVATIONS[self.activation],
                "positions": positions,
                "zero_start": True,
                "output_bias": True,
                "norm_epsilon": _EPSILON,
                "max_length": _LONGEST,
            }
        )


def read_options(arrays: Mapping[str, NDArray[Any]], path: Path) -> MarianOptions:
    """Return the options inside of a model file, after checking that our model can compute the same.

    Raises:
        DataError: They are missing or damaged, or our model cannot; the message says what and the way out.
    """
    if SETTINGS_ARRAY not in arrays:
        raise DataError(f"{path} holds no {SETTINGS_ARRAY}; give the model.npz that marian wrote")
    text = arrays[SETTINGS_ARRAY].astype(np.uint8).tobytes().rstrip(b"\0").decode("utf-8", "replace")
    try:
        options = MarianOptions.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError):
        raise DataError(f"{path}: {SETTINGS_ARRAY} is damaged; download the model anew") from None
    if obstacle := options.obstacle():
        raise DataError(f"{path}: {obstacle}")
    return options
