"""``[model]``: the shape of the Transformer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from transformer_cli.config.section import Positive, Probability, Section

Activation = Literal["relu", "swish", "gelu", "gelu_sigmoid"]

_FREE = {"preset", "dropout", "attention_dropout", "activation_dropout", "max_length"}
"""Fields that the weights of a model do not depend on."""

# "base" and "big" are the paper's. The shapes for small corpora are pre-norm: with post-norm, a model trained on
# Multi30k with the same updates finds out where to look in the source several epochs later.
MODEL_PRESETS: dict[str, dict[str, Any]] = {
    # 29,000 captions and the like: Wu et al. 2021, "Good for Misconceived Reasons", Transformer-Tiny
    "tiny": {
        "num_encoder_layers": 4,
        "num_decoder_layers": 4,
        "d_model": 128,
        "d_ff": 256,
        "num_heads": 4,
        "dropout": 0.3,
        "norm": "pre",
    },
    # 100,000 to a million pairs: the customary shape for IWSLT14
    "small": {
        "num_encoder_layers": 6,
        "num_decoder_layers": 6,
        "d_model": 512,
        "d_ff": 1024,
        "num_heads": 4,
        "dropout": 0.3,
        "norm": "pre",
    },
    # Vaswani et al. 2017, table 3, rows "base" and "big"
    "base": {
        "num_encoder_layers": 6,
        "num_decoder_layers": 6,
        "d_model": 512,
        "d_ff": 2048,
        "num_heads": 8,
        "dropout": 0.1,
    },
    "big": {
        "num_encoder_layers": 6,
        "num_decoder_layers": 6,
        "d_model": 1024,
        "d_ff": 4096,
        "num_heads": 16,
        "dropout": 0.3,
    },
    # Students, which learn from a teacher's translations (`[distillation]`): a translation is computed token by token,
    # its source at once, so that a decoder of two layers saves most of the time. Widths of Bogoychev et al. 2020,
    # "Edinburgh's Submissions to the 2020 Machine Translation Efficiency Task"; their decoders are recurrent.
    "student": {
        "num_encoder_layers": 6,
        "num_decoder_layers": 2,
        "d_model": 256,
        "d_ff": 1536,
        "num_heads": 8,
        "dropout": 0.1,
        "norm": "pre",
    },
    "student-base": {
        "num_encoder_layers": 6,
        "num_decoder_layers": 2,
        "d_model": 512,
        "d_ff": 2048,
        "num_heads": 8,
        "dropout": 0.1,
        "norm": "pre",
    },
}


class ModelConfig(Section):
    """``[model]``: the shape of the Transformer; the names are those of Vaswani et al. 2017, table 3."""

    preset: Literal["tiny", "small", "base", "big", "student", "student-base"] = "tiny"
    """Values for the keys below; a key that is in the recipe overrides the preset's value."""

    num_encoder_layers: Positive
    """Number of encoder layers."""

    num_decoder_layers: Positive
    """Number of decoder layers."""

    d_model: Annotated[int, Field(ge=2, multiple_of=2)]
    """Size of embeddings and of all layers' outputs; even, and divisible by ``num_heads``."""

    d_ff: Positive
    """Size of the hidden layer of the feed-forward network."""

    num_heads: Positive
    """Number of attention heads."""

    dropout: Probability
    """Dropout of embeddings and of each sublayer's output."""

    attention_dropout: Probability = 0.0
    """Dropout of attention weights."""

    activation_dropout: Probability = 0.0
    """Dropout between the two layers of the feed-forward network."""

    norm: Literal["post", "pre"] = "post"
    """Place of the layer norm: ``"post"``, after each residual sum, as in the paper; or ``"pre"``, before each
    sublayer."""

    tied_embeddings: bool = True
    """Whether source embedding, target embedding and output layer share one matrix (section 3.4 of the paper). With
    separate vocabularies only target embedding and output layer share it."""

    activation: Activation = "relu"
    """Function between the two layers of the feed-forward network: the paper's, or that of an imported model.
    ``"gelu_sigmoid"`` is ``x * sigmoid(1.702 x)``."""

    positions: Literal["paper", "marian"] = "paper"
    """Frequencies of the positional encoding: the paper's, or Marian's, which end at 1 / 10000 exactly."""

    zero_start: bool = False
    """Whether the decoder begins with a vector of zeros instead of an embedding, as Marian does."""

    output_bias: bool = False
    """Whether the output layer has a bias."""

    norm_epsilon: Annotated[float, Field(gt=0)] = 1e-5
    """Number added to the variance in a layer norm; Marian has 1e-9."""

    max_length: Annotated[int, Field(ge=8)] = 256
    """Longest sentence in tokens, end of sentence included. Longer training pairs are left out; longer lines are
    translated in segments."""

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        preset = values.get("preset", cls.model_fields["preset"].default)
        return {**MODEL_PRESETS.get(preset, {}), **values} if isinstance(preset, str) else values

    @model_validator(mode="after")
    def _heads_divide_the_model(self) -> ModelConfig:
        if self.d_model % self.num_heads:
            raise ValueError(f"d_model ({self.d_model}) must be divisible by num_heads ({self.num_heads})")
        return self

    def other_weights_than(self, other: ModelConfig) -> list[str]:
        """Return the fields in which the models differ so that one cannot use the weights of the other."""
        ours, theirs = (model.model_dump(exclude=_FREE) for model in (self, other))
        return [key for key in ours if ours[key] != theirs[key]]
