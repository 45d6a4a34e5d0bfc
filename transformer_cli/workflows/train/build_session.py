"""Builds a training session: the weights to begin with, the data, and the state of an interrupted training."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from transformer_cli import device as devices
from transformer_cli.artifacts import fingerprints
from transformer_cli.artifacts.metrics_log import MetricsLog
from transformer_cli.artifacts.model_directory import build_model
from transformer_cli.artifacts.text_profile import PlaceholderProfile, TextProfile
from transformer_cli.config import DecodingConfig, Recipe, TrainingConfig
from transformer_cli.data.splits.read import Corpus, read_split
from transformer_cli.data.tokens.batch_stream import BatchStream
from transformer_cli.data.tokens.encoded import EncodedCorpus, encode_corpus, encode_to_disk, in_memory
from transformer_cli.data.tokens.subword_sampling import SubwordSampler
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.decoding.source_forms import rules_of
from transformer_cli.decoding.text_rules import TextRules
from transformer_cli.model.transformer import Transformer
from transformer_cli.training.ending.early_stopping import ProgressTracker
from transformer_cli.training.ending.ending_plan import EndingPlan
from transformer_cli.training.ending.time_budget import TimeBudget
from transformer_cli.training.events import SessionOpened
from transformer_cli.training.loop import LoopState
from transformer_cli.training.processes.ranks import Ranks
from transformer_cli.training.trainer import Trainer
from transformer_cli.workflows.locate.recipe import LocatedRecipe
from transformer_cli.workflows.more_text.training_pairs import corpora_of_pairs, read_training_pairs, weights_of_pairs
from transformer_cli.workflows.prepare.text_profile import symbols_of
from transformer_cli.workflows.train.checkpointing import TrainingState
from transformer_cli.workflows.train.evaluate import Evaluator, bleu_tokenizer
from transformer_cli.workflows.train.misalignment_check import alignment_of_new
from transformer_cli.workflows.train.request import TrainRequest
from transformer_cli.workflows.train.session import TrainingSession
from transformer_cli.workflows.train.starting_point import Start, choose_start, unseen_pairs
from transformer_cli.workflows.train.texts import of_texts, texts_as_read, training_texts

logger = logging.getLogger(__name__)

_MOST_BEFORE = 0.5
"""Share of ``max_minutes`` that what comes before the first update can count for: in no time a model learns nothing."""

_SHARE_WITHIN_RATIO = 0.999
"""Share of training pairs that limits of length must cover; longer targets are mostly misaligned."""


def open_session(request: TrainRequest, data_fingerprint: str) -> TrainingSession:
    """Build model and data, and resume from the newest checkpoint of the same training if there is one."""
    located, ranks = request.located, request.ranks
    recipe, run = located.recipe, located.run
    devices.manage_memory()
    devices.limit_threads()
    torch.manual_seed(recipe.training.seed)
    tokenizers = TokenizerPair.load(run.path, shared=recipe.tokenizer.shared)
    training = fingerprints.of_training(recipe, data_fingerprint)
    corpus, valid = read_training_pairs(run, recipe), read_split(run.data, "valid")
    start, reason = choose_start(
        located, tokenizers.fingerprint, training=training, pairs=corpus.content, from_scratch=request.from_scratch
    )
    logger.info(f"starting {_described(start)}: {reason}")
    device = devices.choose_device(request.device)
    model = build_model(recipe.model, tokenizers).to(device)
    start.load_weights(run, model)
    read = training_texts(located, corpus, tokenizers)
    with ranks.first_ahead():
        made_from = of_texts(recipe, fingerprints.of_rows(data_fingerprint, corpus.content))
        encoded = encode_to_disk(run.encoded, read, tokenizers, data_fingerprint=made_from)
    unseen = None if start.version is None else unseen_pairs(run, start.version, corpus)
    alignment = None
    if unseen is not None:
        alignment = alignment_of_new(model, encoded, unseen, corpora_of_pairs(corpus, recipe))
    stream = _stream(request, read, encoded, unseen, tokenizers=tokenizers, device=device)
    trainer, budget = _trainer(located, model, start, ranks), _budget(request, valid)
    session = TrainingSession(
        located=located,
        data_fingerprint=data_fingerprint,
        tokenizers=tokenizers,
        start=start,
        state=TrainingState(trainer, stream, LoopState(ProgressTracker())),
        train_pairs=corpus,
        new_pairs=None if unseen is None else int(unseen.sum()),
        alignment=alignment,
        valid=valid,
        valid_tokens=encode_corpus(texts_as_read(located, valid, tokenizers), tokenizers),
        evaluator=Evaluator(
            model,
            tokenizers,
            _bounded(recipe.decoding, encoded),
            bleu_tokenizer(MetricsLog(run.metrics), recipe.languages.target, valid),
            _text_rules(located, encoded, tokenizers),
        ),
        on_event=request.on_event,
        stop=request.stop,
        budget=budget,
        ending=EndingPlan(trainer, *_limits(recipe, start), budget, ranks),
        ranks=ranks,
    )
    if session.new_pairs is not None:
        logger.info(f"{session.new_pairs} of {len(corpus)} pairs are new to version {start.version}")
    session.resume()
    _report_shortcomings(session.state)
    request.on_event(_opened(session))
    return session


def _opened(session: TrainingSession) -> SessionOpened:
    """Return the event with the present state and the limits of a session."""
    config, state = session.located.recipe.training, session.state
    return SessionOpened(
        parameters=sum(parameter.numel() for parameter in state.trainer.model.parameters()),
        updates_per_epoch=max(1, state.stream.batches_per_epoch // config.accumulation),
        device=state.device.type,
        threads=torch.get_num_threads(),
        precision=state.trainer.precision_name,
        step=session.step,
        max_steps=session.ending.config.max_steps,
        max_seconds=session.budget.seconds,
        patience=config.patience,
        validate_every=config.validate_every,
        best_step=state.loop.tracker.best_step,
        since_best=state.loop.tracker.since_best,
        elapsed_seconds=session.elapsed_seconds(),
    )


def _stream(
    request: TrainRequest,
    corpus: Corpus,
    encoded: EncodedCorpus,
    unseen: NDArray[np.bool_] | None,
    *,
    tokenizers: TokenizerPair,
    device: torch.device,
) -> BatchStream:
    located, ranks = request.located, request.ranks
    recipe = located.recipe
    return BatchStream(
        encoded,
        max_tokens=recipe.training.batch_tokens // recipe.training.accumulation,
        max_length=recipe.model.max_length,
        longest_target=recipe.training.batch_tokens,
        seed=recipe.training.seed,
        weights=weights_of_pairs(corpus, recipe, unseen),
        rank=ranks.rank,
        world_size=ranks.world_size,
        encode_anew=_encoder_of_batches(corpus, tokenizers, recipe.training.subword_sampling),
        pinned_for=device if device.type == "cuda" else None,
    )


def _budget(request: TrainRequest, valid: Corpus) -> TimeBudget:
    minutes = request.located.recipe.training.max_minutes
    seconds = None if minutes is None else 60 * minutes
    now = time.monotonic()
    started = request.started
    if seconds is not None and now - started > _MOST_BEFORE * seconds:
        started = now - _MOST_BEFORE * seconds
        logger.warning(
            f"what came before the first update took {(now - request.started) / 60:.1f} of training.max_minutes = "
            f"{minutes:g}; the training takes half of them all the same"
        )
    return TimeBudget(
        seconds,
        started=started,
        translations_at_end=_test_translations(request.located) / len(valid),
    )


def _report_shortcomings(state: TrainingState) -> None:
    """Log the pairs that are left out, and warn of settings that this machine cannot follow, or only badly."""
    trainer, left_out = state.trainer, state.stream.left_out
    if left_out:
        logger.info(f"{left_out} training pairs are longer than model.max_length or a batch and are left out")
    if trainer.compile_failure is not None:
        logger.warning(f"torch.compile does not work here: {trainer.compile_failure}; training goes on without it")
    if trainer.given_up_precision is not None:
        logger.warning(
            f"the training began in {trainer.given_up_precision}, which is slow on this machine; it goes on in "
            f"{trainer.precision_name}, and ends in other weights than it would have where it began"
        )
    elif trainer.is_slow_in_bfloat16 and trainer.precision == torch.bfloat16:
        logger.warning('bfloat16 is slow on this machine; training.precision = "auto" takes float32 here')


def _bounded(decoding: DecodingConfig, encoded: EncodedCorpus) -> DecodingConfig:
    """Return search settings with a limit on translation length; the training pairs give it if it is not set."""
    if decoding.max_length_ratio is not None:
        return decoding
    ratio = max(1.0, math.ceil(100 * encoded.length_ratio(_SHARE_WITHIN_RATIO)) / 100)
    logger.info(
        f"translations will have at most {ratio:g} times the tokens of their sources, and {decoding.max_length_extra} "
        f"more: {_SHARE_WITHIN_RATIO:.1%} of the training pairs keep to that ratio"
    )
    return decoding.model_copy(update={"max_length_ratio": ratio})


def _text_rules(located: LocatedRecipe, encoded: EncodedCorpus, tokenizers: TokenizerPair) -> TextRules:
    """Return the rules for lines that follow from the training sources; data of earlier releases has no profile."""
    profile = TextProfile.read_from(located.run.text_profile)
    if profile is None:
        return TextRules()
    spelling = profile.spelling
    if spelling is not None:  # symbols may have changed since the data was prepared
        spelling = spelling.model_copy(update={"symbols": symbols_of(located.recipe)})
    most = int(np.quantile(encoded.source.lengths, _SHARE_WITHIN_RATIO, method="inverted_cdf")) - 1  # without eos
    profile = profile.model_copy(
        update={
            "max_tokens": most,
            "spelling": spelling,
            "placeholders": PlaceholderProfile.of(located.recipe),
            "hints": bool(located.recipe.glossary.hints) and tokenizers.source.has_hint_marks,
        }
    )
    return rules_of(profile, located.recipe.languages, tokenizers.source)


def _encoder_of_batches(
    corpus: Corpus, tokenizers: TokenizerPair, sampling: float | None
) -> Callable[[NDArray[np.int64], int], EncodedCorpus] | None:
    """Return a function that splits a batch into different subwords each time, or None if that is not wanted."""
    if sampling is None:
        return None

    sides = (corpus.sources, corpus.targets)
    samplers = [SubwordSampler(tokenizer, sampling) for tokenizer in (tokenizers.source, tokenizers.target)]

    def encode_anew(indices: NDArray[np.int64], seed: int) -> EncodedCorpus:
        sources, targets = (
            sampler.encode_all([side[int(i)] for i in indices], seed=[seed, number])
            for number, (sampler, side) in enumerate(zip(samplers, sides, strict=True))
        )
        return in_memory(sources, targets)

    return encode_anew


def _described(start: Start) -> str:
    return "from scratch" if start.version is None else f"from version {start.version}"


def _trainer(located: LocatedRecipe, model: Transformer, start: Start, ranks: Ranks) -> Trainer:
    recipe, retraining = located.recipe, located.recipe.retraining
    warmup = recipe.training.warmup_steps
    if start.version is None:
        return Trainer(model, recipe.training, peak_learning_rate=recipe.peak_learning_rate(), ranks=ranks)
    stated = retraining.learning_rate  # a stated rate is the rate at the end of a warm-up
    return Trainer(
        model,
        recipe.training,
        peak_learning_rate=stated or recipe.peak_learning_rate(),
        earlier_steps=warmup if stated else start.schedule_steps(warmup),
        rewarmup_steps=retraining.warmup_steps,
        ranks=ranks,
    )


def _limits(recipe: Recipe, start: Start) -> tuple[TrainingConfig, int]:
    """Return ``[training]`` with the limits of this training, and the number of its warm-up updates."""
    training, retraining = recipe.training, recipe.retraining
    if start.version is None:
        return training, training.warmup_steps
    max_steps = retraining.max_steps or training.max_steps
    return training.model_copy(update={"max_steps": max_steps}), retraining.warmup_steps


def _test_translations(located: LocatedRecipe) -> int:
    names = ("test", *located.recipe.data.named_tests())
    pairs = sum(len(read_split(located.run.data, name)) for name in names)
    return pairs if located.run.live_version() is None else 2 * pairs  # the live version is tested as well
