"""Whole trainings as one writes them by hand, from raw text to BLEU, around the two models of `peer_models.py`."""

from __future__ import annotations

import gzip
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sacrebleu
import sentencepiece
import torch
from peer_models import LoopModel, MarianModel, update
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from transformer_cli.config import Recipe
from transformer_cli.data.tokens.batching import Batch
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID, UNK_ID

TokenPair = tuple[list[int], list[int]]
AT_ONCE = 200


class ReachedError(Exception):
    """A validation reached the bound."""


@dataclass
class Peer:
    """What both have in common: subwords, batches, rates and validation.

    Args:
        recipe: Whose settings they train with.
        data: The folder with train and val.
        work: For the files of the training.
        bleu: The bound that ends it.
        validate_every: Updates between two validations.
        began: The time at which the process was started.
    """

    recipe: Recipe
    data: Path
    work: Path
    bleu: float
    validate_every: int
    began: float

    def __post_init__(self) -> None:
        train, self.valid = self._read("train"), self._read("val")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(text for side in train for text in side),
            model_prefix=str(self.work / "pieces"),
            vocab_size=self.recipe.tokenizer.vocab_size,
            model_type="bpe",
            pad_id=PAD_ID,
            unk_id=UNK_ID,
            bos_id=BOS_ID,
            eos_id=EOS_ID,
            minloglevel=2,
        )
        self.pieces = sentencepiece.SentencePieceProcessor(model_file=str(self.work / "pieces.model"))
        self.encoded: list[TokenPair] = list(zip(*(self._encode(side) for side in train), strict=True))

    def _read(self, split: str) -> list[list[str]]:
        sides = []
        for language in (self.recipe.languages.source, self.recipe.languages.target):
            with gzip.open(self.data / f"{split}.{language}.gz", "rt", encoding="utf-8", newline="\n") as file:
                sides.append([line.rstrip("\n") for line in file])
        return sides

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        ids: list[list[int]] = self.pieces.encode(list(texts), add_eos=True)
        return ids

    def optimizer(self, model: nn.Module) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
        """Return Adam and its schedule: a linear warm-up, then the inverse square root."""
        config = self.recipe.training
        optimizer = torch.optim.Adam(
            model.parameters(),
            lr=config.learning_rate or 1e-3,
            betas=(config.adam_beta1, config.adam_beta2),
            eps=config.adam_epsilon,
        )
        warmup = config.warmup_steps

        def share(step: int) -> float:
            return min((step + 1) / warmup, (warmup / (step + 1)) ** 0.5)

        return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, share)

    def batches(self) -> Iterator[list[TokenPair]]:
        """Yield batches without end, of sentences of about one length, in another order each time."""
        most, drawn = self.recipe.training.batch_tokens, random.Random(1)
        while True:
            cut: list[list[TokenPair]] = [[]]
            for pair in sorted(self.encoded, key=lambda pair: (len(pair[1]), len(pair[0]), drawn.random())):
                if len(pair[1]) * (len(cut[-1]) + 1) > most:
                    cut.append([])
                cut[-1].append(pair)
            drawn.shuffle(cut)
            yield from cut

    @torch.inference_mode()
    def validate(self, updates: int, model: nn.Module, translate: Callable[[Tensor], Tensor]) -> None:
        """Translate and score the validation set, and print a line of JSON.

        Args:
            updates: Made so far.
            model: Whose dropout rests meanwhile.
            translate: From source ids (B, S) to target ids (B, T), with padding.

        Raises:
            ReachedError: It is as good as asked for.
        """
        model.eval()
        sources, references = self.valid
        encoded, texts = self._encode(sources), [""] * len(sources)
        order = sorted(range(len(sources)), key=lambda i: len(encoded[i]))
        for start in range(0, len(order), AT_ONCE):
            rows = order[start : start + AT_ONCE]
            translated = translate(padded([encoded[i] for i in rows]))
            for i, ids in zip(rows, translated.tolist(), strict=True):
                texts[i] = self.pieces.decode([token for token in ids if token > EOS_ID])
        model.train()
        bleu = sacrebleu.corpus_bleu(texts, [references]).score
        line = {"minutes": (time.time() - self.began) / 60, "updates": updates, "bleu": bleu}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        if bleu >= self.bleu:
            raise ReachedError


def padded(rows: Sequence[Sequence[int]], value: int = PAD_ID) -> Tensor:
    """Return the rows as one rectangle."""
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=value)


def most_probable(model: LoopModel, source: Tensor) -> Tensor:
    """Take the most probable token at each step, until every row has ended."""
    mask = (source != PAD_ID)[:, None, None, :]
    tokens = torch.full((source.size(0), 1), BOS_ID)
    over = torch.zeros(source.size(0), dtype=torch.bool)
    for _ in range(longest(source)):
        chosen = model(Batch(source, mask, tokens, tokens, 0, 0))[:, -1].argmax(-1).masked_fill(over, PAD_ID)
        over |= chosen == EOS_ID
        tokens = torch.cat([tokens, chosen[:, None]], 1)
        if bool(over.all()):
            break
    return tokens


def longest(source: Tensor) -> int:
    """Return the most tokens that a translation may have."""
    return 2 * source.size(1) + 10


def train_loop(peer: Peer) -> None:
    """Train `torch.nn.Transformer` until it is as good as asked for."""
    model = LoopModel(peer.recipe.model, peer.pieces.get_piece_size())
    nn.init.normal_(model.embedding.weight, std=peer.recipe.model.d_model**-0.5)
    optimizer, schedule = peer.optimizer(model)
    for step, pairs in enumerate(peer.batches(), start=1):
        source, labels = padded([source for source, _ in pairs]), padded([target for _, target in pairs])
        inputs = torch.cat([torch.full((len(pairs), 1), BOS_ID), labels[:, :-1]], 1)
        batch = Batch(source, (source != PAD_ID)[:, None, None, :], inputs, labels, 0, 0)
        update(model, batch, optimizer, peer.recipe.training)
        schedule.step()
        if step % peer.validate_every == 0:
            peer.validate(step, model, lambda source: most_probable(model, source))


def train_marian(peer: Peer) -> None:
    """Train MarianMT under `Seq2SeqTrainer` until it is as good as asked for."""
    from transformers import Seq2SeqTrainer, Seq2SeqTrainingArguments, TrainerCallback

    config = peer.recipe.training
    model = MarianModel(peer.recipe.model, peer.pieces.get_piece_size()).model

    class Batches(torch.utils.data.IterableDataset[Any]):
        """Each of its items is a whole batch."""

        def __iter__(self) -> Iterator[list[TokenPair]]:
            return peer.batches()

    def collate(items: list[list[TokenPair]]) -> dict[str, Tensor]:
        [pairs] = items
        source = padded([source for source, _ in pairs])
        labels = padded([target for _, target in pairs], -100)
        # Made from the labels here: the trainer takes those away from the model when it smooths them.
        inputs = model.prepare_decoder_input_ids_from_labels(labels)
        return {
            "input_ids": source,
            "attention_mask": (source != PAD_ID).long(),
            "decoder_input_ids": inputs,
            "labels": labels,
        }

    def translate(source: Tensor) -> Tensor:
        mask = (source != PAD_ID).long()
        ids: Tensor = model.generate(input_ids=source, attention_mask=mask, num_beams=1, max_length=longest(source))
        return ids

    class Validation(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
            if state.global_step % peer.validate_every == 0:
                peer.validate(state.global_step, model, translate)

    arguments = Seq2SeqTrainingArguments(
        output_dir=str(peer.work / "trainer"),
        per_device_train_batch_size=1,
        max_steps=1_000_000,
        label_smoothing_factor=config.label_smoothing,
        max_grad_norm=config.clip_norm or 0.0,
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        use_cpu=not torch.cuda.is_available(),
    )
    Seq2SeqTrainer(
        model=model,
        args=arguments,
        train_dataset=Batches(),
        data_collator=collate,
        optimizers=peer.optimizer(model),
        callbacks=[Validation()],
    ).train()
