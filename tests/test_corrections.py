"""Corrections of an encoder: trained, saved, loaded, and read with."""

import json
import random

import numpy as np
import pytest
from talked import ASKED, WALK

from action_recs.errors import ModelError
from action_recs.linking import Adherence, Category
from action_recs.linking.adherence import evidence, read_adherence
from action_recs.linking.features import LINK_FEATURES, SAME_FEATURES
from action_recs.linking.model import load_linking_model, scorer_record
from action_recs.linking.reader import CATEGORIES, Reader, corrected_encoder
from action_recs.linking.term_model import TermModel
from action_recs.training.corrections import Example, Settings, train_corrections
from action_recs.training.linking import Pairs, Told, best_threshold, fit_scorer, fit_terms

WORDS = {Category.MONITOR: "write notebook", Category.TAKE_ACTION: "walk call cook"}


@pytest.fixture(scope="module")
def trained(tagger, tiny_base):
    from transformers import AutoModel

    draw = random.Random(0)
    examples = [
        Example(f"c{number}", CATEGORIES.index(label), " ".join(draw.choices(words.split(), k=3)))
        for number in range(24)
        for label, words in WORDS.items()
    ]
    losses = []
    settings = Settings(rank=4, upper=1, epochs=6, batch=8, rate=5e-3, head_rate=5e-2)
    found = train_corrections(
        examples,
        len(CATEGORIES),
        tagger.recommendation,
        AutoModel.from_pretrained(tiny_base),
        settings,
        lambda _, loss, __: losses.append(loss),
    )
    return examples, losses, found


def test_training_lowers_the_loss_and_corrects_upper_layers_only(trained):
    _, losses, found = trained
    assert losses[-1] < 0.7 * losses[0]
    layers = {name.split(".")[2] for name in found if name.startswith("encoder")}
    assert layers == {"1"}
    assert found["encoder.layer.1.output.dense.down"].shape[0] == 4


def test_a_reader_with_the_corrections_tells_what_they_were_trained_on(tagger, trained):
    examples, _, found = trained
    corrections = {name: each for name, each in found.items() if not name.startswith("head")}
    head = (found["head.weight"].float(), found["head.bias"].float())
    checkpoint = tagger.recommendation
    no_words = TermModel({}, np.zeros(0), np.zeros((0, len(CATEGORIES))), np.zeros(len(CATEGORIES)))
    reader = Reader(checkpoint, corrected_encoder(checkpoint, corrections), *head, no_words)
    told = reader.categories([example.text for example in examples])
    right = np.mean([CATEGORIES[example.label] is one for example, one in zip(examples, told, strict=True)])
    assert right > 0.9


def test_words_that_say_a_category_outweigh_an_encoder_that_says_nothing(tagger):
    import torch

    count, size = len(CATEGORIES), tagger.recommendation.model.config.hidden_size
    rows = np.zeros((1, count))
    rows[0, CATEGORIES.index(Category.LEARN)] = 3
    reader = Reader(
        tagger.recommendation,
        tagger.recommendation.model.base_model,
        torch.zeros(count, size),
        torch.zeros(count),
        TermModel({"the booklet": 0}, np.ones(1), rows, np.eye(count)[CATEGORIES.index(Category.MONITOR)]),
    )
    assert reader.categories(["Read the booklet", "Walk"]) == [Category.LEARN, Category.MONITOR]


def test_terms_are_weighed_so_that_classes_are_told_apart_by_them():
    texts = tuple([["c", word, f"rare {number} {word}"] for number in range(30) for word in ("yes", "no")])
    told = Told(texts, (0, 1) * 30, tuple(f"c{number // 2}" for number in range(60)))
    model, cross_validated = fit_terms(told, strength=0.5, seen_in=2)
    assert cross_validated == 1
    assert set(model.terms) == {"c", "yes", "no"}
    # two classes have one column of weights: for the second
    assert model.weights[model.terms["no"], 0] > 0 > model.weights[model.terms["yes"], 0]


def test_the_parts_of_a_reading_add_up_and_the_evidence_has_the_largest_of_the_clients(linking_model):
    run = ASKED.reviews[0]
    reading = read_adherence(linking_model.adherence, ASKED, run)
    assert reading.probabilities.sum() == pytest.approx(1)
    assert len(reading.parts) == len(reading.places)
    words = evidence(1, ASKED, run, reading)
    assert (words.session, words.utterance, words.text) == (1, 1, "I walked twice.")
    scores = reading.parts.sum(axis=0) + linking_model.adherence.intercept
    assert np.allclose(reading.probabilities, np.exp(scores) / np.exp(scores).sum())


def pairs(count=200):
    draw = np.random.default_rng(0)
    table = draw.normal(size=(count, 2)) * [1, 100]
    clients = tuple(f"c{number % 20}" for number in range(count))
    return Pairs(table, table[:, 0] > 0.3, clients, tuple(range(count)))


def test_a_scorer_learns_what_tells_pairs_apart_on_features_of_any_scale():
    fit = fit_scorer(pairs(), strength=1.0)
    assert fit.cross_validated > 0.9
    assert abs(fit.weights[0]) > 1000 * abs(fit.weights[1])


def test_the_threshold_with_the_best_f1():
    together = np.array([True, True, False, True, False])
    threshold, f1 = best_threshold(together, np.array([0.9, 0.8, 0.7, 0.6, 0.1]))
    assert 0.1 < threshold <= 0.6
    assert f1 == pytest.approx(6 / 7)


@pytest.fixture
def folder(tmp_path, trained, linking_model):
    import torch
    from safetensors.torch import save_file

    _, _, found = trained
    tensors = {f"category/{name}": each for name, each in found.items()}
    tensors |= {"adherence.weights": torch.tensor([[4.0, 0.0, 0.0, 0.0]]), "adherence.rarity": torch.ones(1)}
    tensors |= {"category.weights": torch.zeros(0, len(CATEGORIES)), "category.rarity": torch.zeros(0)}
    save_file(tensors | {"rarity.tokens": torch.ones(9)}, tmp_path / "model.safetensors")
    config = {
        "rarity": {"words": {"garden": 2.0}, "unknown": 5.0},
        "adherence": {"terms": ["c twice"], "intercept": [0, 0, 0, 1]},
        "category": {"terms": [], "intercept": [0] * len(CATEGORIES)},
    }
    for name, features, one in (
        ("link", LINK_FEATURES, linking_model.link),
        ("same", SAME_FEATURES, linking_model.same),
    ):
        config[name] = scorer_record(features, one.weights, one.intercept, one.threshold)
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path


def test_a_folder_is_read_back_as_it_was_written(folder, tagger, linking_model):
    from action_recs.linking import follow_up

    model = load_linking_model(folder, checkpoint=tagger.recommendation)
    assert np.allclose(model.link.weights, linking_model.link.weights)
    thread = follow_up([WALK, ASKED], model=model)
    assert [link.session for link in thread.items[0].reviews] == [1]
    assert thread.items[0].adherence is Adherence.DONE


def test_a_folder_that_is_damaged_or_of_another_version_is_refused(folder, tagger):
    def refused(said):
        with pytest.raises(ModelError, match=said):
            load_linking_model(folder, checkpoint=tagger.recommendation)

    config = json.loads((folder / "config.json").read_text())
    changed = dict(config, link=dict(config["link"], weights={"something else": 1.0}))
    (folder / "config.json").write_text(json.dumps(changed))
    refused("knows other features")
    (folder / "config.json").write_text("{}")
    refused("cannot be read as a linking model")
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(b"\x00" * 20)
    refused("cannot be read as a linking model")
    (folder / "model.safetensors").unlink()
    refused("model.safetensors is missing")
