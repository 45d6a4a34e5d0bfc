"""Attention of a trained model ties words to their translations."""

from __future__ import annotations

import pytest
import torch

from transformer_cli import Translator, inspect, train


@pytest.mark.slow
def test_the_phrasebook_model_looks_at_the_word_that_it_translates(tmp_path):
    outcome = train("phrasebook", run_dir=tmp_path / "run", overrides=["training.max_steps=1500"])

    document = inspect("Je suis étudiant.", model=outcome.version).document()

    assert document["target"]["text"] == "I am a student."
    alignment = document["alignment"]
    source, target = ([word["text"] for word in document[side]["words"]] for side in ("source", "target"))
    assert {(source[i], target[j]) for i, j in alignment["links"]} >= {("Je", "I"), ("étudiant", "student")}
    # Averaged over all layers and heads, its subwords attend to that word's more than to all else.
    first, last = (document["target"]["words"][target.index("student")][end] for end in ("first", "last"))
    looked = torch.tensor(document["attention"]["cross"]).mean(dim=(0, 1))[first : last + 1].mean(dim=0)
    word = document["source"]["words"][source.index("étudiant")]
    assert looked[word["first"] : word["last"] + 1].sum() > 0.5
    # The command gives the same links, between words as spaces separate them.
    (translation,) = Translator.load(outcome.version, engine="torch").translate_detailed(
        ["Je suis étudiant."], with_alignment=True
    )
    assert translation.alignment is not None
    assert {(0, 0), (2, 3)} <= set(translation.alignment)
