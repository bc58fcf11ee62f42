"""What the linking model is made of: corrections of an encoder, readers and scorers; trained, saved, and loaded."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from talked import ASKED, WALK

from action_recs.errors import ModelError
from action_recs.linking import Adherence, Category, follow_up
from action_recs.linking.adherence import ADHERENCES, evidence, read_adherence
from action_recs.linking.category import CATEGORIES, read_category
from action_recs.linking.context_reader import ContextReader
from action_recs.linking.features import LINK_FEATURES, SAME_FEATURES
from action_recs.linking.meanings import Meanings, corrected_encoder
from action_recs.linking.model import load_linking_model, reader_record, scorer_record
from action_recs.linking.passages import read_meanings
from action_recs.linking.reader import Reader
from action_recs.linking.term_model import TermModel
from action_recs.training.corrections import corrections_towards
from action_recs.training.linking import Pairs, Strengths, Told, best_threshold, fit_reader, fit_scorer

TEXTS = ["write in the notebook", "walk", "", "call and cook and walk and cook"]


def another(encoder):
    """The same architecture with other weights."""
    import copy

    import torch

    torch.manual_seed(1)
    other = copy.deepcopy(encoder)
    with torch.no_grad():
        for name, parameter in other.named_parameters():
            if name.startswith("encoder"):
                parameter.add_(0.3 * torch.randn_like(parameter))
    return other


def meanings(checkpoint, encoder):
    return Meanings(checkpoint, encoder, np.zeros(checkpoint.model.config.hidden_size, dtype=np.float32))


def test_corrections_of_full_rank_lead_to_the_other_encoder_and_lower_ranks_part_of_the_way(tagger):
    checkpoint = tagger.recommendation
    own = checkpoint.model.base_model
    target = another(own)
    wanted = meanings(checkpoint, target).vectors(TEXTS)

    def away(rank):
        encoder = corrected_encoder(checkpoint, corrections_towards(target, checkpoint, rank=rank))
        return np.abs(meanings(checkpoint, encoder).vectors(TEXTS) - wanted).max()

    full, half = away(own.config.hidden_size), away(own.config.hidden_size // 2)
    assert full < 0.01
    assert full < half < np.abs(meanings(checkpoint, own).vectors(TEXTS) - wanted).max()


def test_vectors_are_of_unit_length_less_the_mean_and_do_not_depend_on_the_other_texts(tagger):
    checkpoint = tagger.recommendation
    plain = meanings(checkpoint, checkpoint.model.base_model)
    vectors = plain.vectors(TEXTS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.allclose(plain.vectors(TEXTS[1:2]), vectors[1:2], atol=1e-5)
    assert plain.vectors([]).shape == (0, vectors.shape[1])
    mean = vectors.mean(axis=0)
    less = Meanings(checkpoint, checkpoint.model.base_model, mean).vectors(TEXTS)
    moved = vectors - mean
    assert np.allclose(less, moved / np.linalg.norm(moved, axis=1, keepdims=True), atol=1e-5)


def test_words_that_say_a_category_outweigh_meanings_that_say_nothing(tagger, linking_model):
    count, size = len(CATEGORIES), tagger.recommendation.model.config.hidden_size
    rows = np.zeros((1, count))
    rows[0, CATEGORIES.index(Category.LEARN)] = 3
    words = TermModel({"try walking": 0}, np.ones(1), rows, np.eye(count)[CATEGORIES.index(Category.MONITOR)])
    reader = Reader(words, np.zeros((3 * size + 1, count)), np.zeros(count))
    spoken = read_meanings(linking_model.meanings, WALK)
    assert read_category(reader, WALK, spoken, 0) is Category.LEARN
    unread = Reader(TermModel({}, np.ones(0), rows[:0], words.intercept), reader.weights, reader.intercept)
    assert read_category(unread, WALK, spoken, 0) is Category.MONITOR


def test_a_reader_learns_from_words_and_from_meanings():
    draw = np.random.default_rng(0)
    labels = tuple(number % 3 for number in range(90))
    # words tell 0 from the others, numbers tell 1 from 2
    terms = tuple(["c", "yes" if label == 0 else "no", f"rare {number}"] for number, label in enumerate(labels))
    numbers = np.array(
        [[(label == 1) - (label == 2), 100 * draw.normal(), 1e-9 * draw.normal()] for label in labels], dtype=np.float32
    )
    told = Told(terms, numbers, labels, tuple(f"c{number // 3}" for number in range(90)))
    reader, cross_validated = fit_reader(told, Strengths(0.5, 1.0, 1.0, 1.0, seen_in=2), judged_on=set(told.clients))
    assert cross_validated == 1
    assert set(reader.words.terms) == {"c", "yes", "no"}
    found = [int(reader.log_probabilities(*each).argmax()) for each in zip(terms, numbers, strict=True)]
    assert tuple(found) == labels
    assert abs(reader.weights[0]).max() > 100 * abs(reader.weights[1]).max()
    assert not reader.weights[2].any()  # it hardly varies


def test_half_the_share_of_the_meaning_is_half_its_scores():
    labels = (0, 1, 2) * 10
    numbers = np.array([[label, label * label] for label in labels], dtype=np.float32)
    told = Told(tuple([f"w{label}"] for label in labels), numbers, labels, tuple(f"c{at}" for at in range(30)))
    whole, half = (
        fit_reader(told, Strengths(0.5, 1.0, 1.0, 1.0, seen_in=1, share=share), judged_on=set(told.clients))[0]
        for share in (1.0, 0.5)
    )
    assert np.allclose(half.weights, whole.weights / 2)
    assert np.allclose(half.intercept, whole.intercept / 2)


def test_the_macro_f1_is_that_of_the_clients_it_is_judged_on():
    # the clients it is judged on follow the rule, the others contradict one another
    labels = (0, 1, 2) * 20 + (0, 1, 2, 1, 2, 0) * 4
    terms = tuple([f"w{at % 3}"] * 2 for at in range(84))
    clients = tuple(f"{'a' if at < 60 else 'b'}{at // 3}" for at in range(84))
    told = Told(terms, np.zeros((84, 1), dtype=np.float32), labels, clients)
    strengths = Strengths(0.5, 1.0, 1.0, 1.0, seen_in=1)
    good = {client for client in clients if client.startswith("a")}
    assert fit_reader(told, strengths, judged_on=good)[1] == 1
    assert fit_reader(told, strengths, judged_on=set(clients))[1] < 0.95


def test_the_parts_of_a_reading_are_those_of_its_words_and_the_evidence_has_the_largest_of_the_clients(linking_model):
    run = ASKED.reviews[0]
    reading = read_adherence(linking_model.adherence, ASKED, read_meanings(linking_model.meanings, ASKED), 0)
    assert reading.probabilities.sum() == pytest.approx(1)
    assert len(reading.parts) == len(reading.places)
    words = evidence(1, ASKED, run, reading)
    assert (words.session, words.utterance, words.text) == (1, 1, "I walked twice.")
    scores = reading.parts.sum(axis=0) + linking_model.adherence.words.intercept
    assert np.allclose(reading.probabilities, np.exp(scores) / np.exp(scores).sum())  # meanings say nothing here


def test_what_a_review_means_counts_where_its_words_say_nothing(linking_model):
    size = linking_model.meanings.mean.shape[0]
    spoken = read_meanings(linking_model.meanings, ASKED)
    weights = np.zeros((4 * size, len(ADHERENCES)))
    weights[:size, ADHERENCES.index(Adherence.NOT_DONE)] = 9 * spoken.utterances[1]
    reading = read_adherence(Reader(mute(len(ADHERENCES)), weights, np.zeros(len(ADHERENCES))), ASKED, spoken, 0)
    assert reading.adherence is Adherence.NOT_DONE


def test_what_an_encoder_says_of_the_context_counts_with_its_share():
    words = TermModel({}, np.zeros(0), np.zeros((0, 3)), np.log([0.5, 0.3, 0.2]))
    reader = Reader(words, np.zeros((1, 3)), np.zeros(3))
    told = np.log([0.1, 0.1, 0.8])

    def best(share):
        return int(replace(reader, context_share=share).log_probabilities([], np.zeros(1), told).argmax())

    assert (best(0.0), best(1.0)) == (0, 2)
    assert np.exp(replace(reader, context_share=2.0).log_probabilities([], np.zeros(1), told)).sum() == pytest.approx(1)


def mute(classes):
    return TermModel({}, np.ones(0), np.zeros((0, classes)), np.zeros(classes))


def pairs(count=200):
    draw = np.random.default_rng(0)
    table = draw.normal(size=(count, 2)) * [1, 100]
    clients = tuple(f"c{number % 20}" for number in range(count))
    return Pairs(table, table[:, 0] > 0.3, clients, tuple(range(count)))


def test_a_scorer_learns_what_tells_pairs_apart_on_features_of_any_scale():
    fit = fit_scorer(pairs(), strength=1.0, judged_on=set(pairs().client))
    assert fit.cross_validated > 0.9
    assert abs(fit.weights[0]) > 1000 * abs(fit.weights[1])


def test_the_threshold_is_that_of_the_clients_it_is_judged_on():
    one, few = pairs(), {f"c{number}" for number in range(3)}
    turned = Pairs(one.table, one.together ^ np.array([each in few for each in one.client]), one.client, one.asked)
    whole = fit_scorer(turned, strength=1.0, judged_on=set(turned.client))
    assert fit_scorer(turned, strength=1.0, judged_on=few).cross_validated < 0.75 < whole.cross_validated


def test_the_threshold_with_the_best_f1():
    together = np.array([True, True, False, True, False])
    threshold, f1 = best_threshold(together, np.array([0.9, 0.8, 0.7, 0.6, 0.1]))
    assert 0.1 < threshold <= 0.6
    assert f1 == pytest.approx(6 / 7)


@pytest.fixture
def folder(tmp_path, tagger, linking_model):
    import torch

    checkpoint = tagger.recommendation
    size = checkpoint.model.config.hidden_size
    corrections = corrections_towards(another(checkpoint.model.base_model), checkpoint, rank=4)
    tensors = {f"meanings/{name}": each for name, each in corrections.items()}
    tensors |= {"meanings/mean": torch.zeros(size), "rarity.tokens": torch.ones(9)}
    config = {"rarity": {"words": {"garden": 2.0}, "unknown": 5.0}}
    for name in ("category", "adherence"):
        reader = getattr(linking_model, name)
        config[name] = reader_record(replace(reader, context_share=0.5))
        tensors |= {
            f"{name}.weights": torch.tensor(reader.words.weights),
            f"{name}.rarity": torch.tensor(reader.words.rarity),
            f"{name}.meaning": torch.tensor(reader.weights),
        }
    tensors |= {f"contexts/{name}": 2 * each for name, each in corrections.items()}
    for question, (weights, intercepts) in linking_model.in_context.tops.items():
        tensors |= {f"{question}.top": weights, f"{question}.top_intercept": intercepts}
    for name, features, one in (
        ("link", LINK_FEATURES, linking_model.link),
        ("same", SAME_FEATURES, linking_model.same),
    ):
        config[name] = scorer_record(features, one.weights, one.intercept, one.threshold)
    save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path


def test_a_folder_is_read_back_as_it_was_written(folder, tagger, linking_model):
    model = load_linking_model(folder, checkpoint=tagger.recommendation)
    assert np.allclose(model.link.weights, linking_model.link.weights)
    assert np.allclose(model.category.weights, linking_model.category.weights)
    thread = follow_up([WALK, ASKED], model=model)
    assert [link.session for link in thread.items[0].reviews] == [1]
    assert thread.items[0].adherence is Adherence.PARTIAL
    own, corrected = linking_model.meanings.vectors(["walk"]), model.meanings.vectors(["walk"])
    assert not np.allclose(own, corrected, atol=1e-3)
    assert (model.category.context_share, model.adherence.context_share) == (0.5, 0.5)
    laid = [model.in_context.contexts.review(ASKED.utterances, 0, 1)]
    asked = [
        ContextReader(model.checkpoint, encoder, model.in_context.tops).log_probabilities("adherence", laid)
        for encoder in (model.in_context.encoder, model.meanings.encoder, tagger.recommendation.model.base_model)
    ]
    assert not np.allclose(asked[0], asked[1], atol=1e-3)
    assert not np.allclose(asked[0], asked[2], atol=1e-3)
    for question, top in linking_model.in_context.tops.items():
        assert all(one.equal(other) for one, other in zip(model.in_context.tops[question], top, strict=True))


def test_a_folder_that_is_damaged_or_of_another_version_is_refused(folder, tagger):
    def refused(said):
        with pytest.raises(ModelError, match=said):
            load_linking_model(folder, checkpoint=tagger.recommendation)

    config = json.loads((folder / "config.json").read_text())
    changed = dict(config, link=dict(config["link"], weights={"something else": 1.0}))
    (folder / "config.json").write_text(json.dumps(changed))
    refused("knows other features")
    (folder / "config.json").write_text(json.dumps(dict(config, category=dict(config["category"], terms=["more"]))))
    refused("cannot be read as a linking model")
    (folder / "config.json").write_text("{}")
    refused("cannot be read as a linking model")
    (folder / "config.json").write_text(json.dumps(config))
    tensors = load_file(folder / "model.safetensors")
    save_file(tensors | {"adherence.top": tensors["adherence.top"][1:]}, folder / "model.safetensors")
    refused("cannot be read as a linking model")
    save_file(tensors, folder / "model.safetensors")
    load_linking_model(folder, checkpoint=tagger.recommendation)
    (folder / "model.safetensors").write_bytes(b"\x00" * 20)
    refused("cannot be read as a linking model")
    (folder / "model.safetensors").unlink()
    refused("model.safetensors is missing")
