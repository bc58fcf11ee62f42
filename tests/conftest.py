"""Tiny random models, made once: they find nothing sensible, but go through the same code as trained ones."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import string
from pathlib import Path

import pytest
from hypothesis import settings

from action_recs.checkpoint import Task, save_checkpoint
from action_recs.tagger import Tagger

settings.register_profile("suite", deadline=None, derandomize=True, database=None)
settings.load_profile("suite")

FIXTURES = Path(__file__).parent / "fixtures"

WORDS = (
    "therapist client other you could try to walk cook again this week how did it go maybe call her the and okay "
    "that was good for notebook write every evening ten minutes last time we talked about twice went i a in on"
)


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory):
    return write_tiny_base(tmp_path_factory.mktemp("base"))


def write_tiny_base(folder):
    """An untrained BERT in a folder: hidden size 32, two layers, a vocabulary of letters and a few words."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    characters = string.ascii_lowercase + string.digits
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *(f"##{each}" for each in characters)]
    vocabulary += [*string.punctuation, *(word for word in dict.fromkeys(WORDS.split()) if len(word) > 1)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"))
    assert len(tokenizer) == len(vocabulary)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
        initializer_range=0.4,  # far from uniform, so that the scores of a random model vary
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def models(tiny_base, tmp_path_factory):
    """A folder with recommendation/ and review/, as ``Tagger.from_pretrained(path)`` takes it: one trunk, two tops."""
    import torch

    from action_recs.training.start import start_model

    folder = tmp_path_factory.mktemp("models")
    for task in Task:
        torch.manual_seed(1)
        started = start_model(str(tiny_base), task, window_tokens=64, overlap_tokens=24)
        save_checkpoint(started, folder / task.value)
    return folder


@pytest.fixture(scope="session")
def apart(models, tmp_path_factory):
    """The same, but no longer with one trunk: a number that no text reaches is another in the reviews' model."""
    from action_recs.checkpoint import load_checkpoint

    folder = tmp_path_factory.mktemp("apart")
    for task in Task:
        loaded = load_checkpoint(models / task.value, task)
        if task is Task.REVIEW:
            unused = loaded.tokenizer.convert_tokens_to_ids("[MASK]")
            loaded.model.get_input_embeddings().weight.data[unused, 0] += 1
        save_checkpoint(loaded, folder / task.value)
    return folder


@pytest.fixture(scope="session")
def tagger(models):
    return Tagger.from_pretrained(models)


@pytest.fixture(scope="session")
def tokenizer(tagger):
    return tagger.recommendation.tokenizer


@pytest.fixture
def own_models(models, tmp_path):
    """A copy of the models' folder that a test may damage; without the manifests, which would tell first."""
    import shutil

    return Path(shutil.copytree(models, tmp_path / "models", ignore=shutil.ignore_patterns("manifest.json")))


@pytest.fixture(scope="session")
def annotations():
    return FIXTURES / "annotations"


@pytest.fixture
def annomi_csv(tmp_path):
    """AnnoMI in small: the public file's columns, and the rows of transcript 7 once for each of two people."""
    header = (
        "mi_quality,transcript_id,video_title,video_url,topic,utterance_id,interlocutor,timestamp,utterance_text,"
        "annotator_id,therapist_input_exists,therapist_input_subtype,reflection_exists,reflection_subtype,"
        "question_exists,question_subtype,main_therapist_behaviour,client_talk_type"
    )
    turns = {
        7: ["therapist: Did  you walk, as we said?", "client:Twice. ", "therapist:Good. Try walking daily."],
        8: ["client:Hello.", "therapist:Hello there."],
        9: ["therapist:Never looked at.", "client:No."],
    }
    rows = [header]
    for number, lines in turns.items():
        for annotator in (3, 5) if number == 7 else (3,):
            for index, line in enumerate(lines):
                who, _, text = line.partition(":")
                rows.append(
                    f'high,{number},Title,https://x,walking,{index},{who},00:00:13,"{text}",{annotator},,,,,,,,'
                )
    path = tmp_path / "annomi.csv"
    path.write_text("\r\n".join(rows) + "\r\n", encoding="utf-8-sig")
    return path


@pytest.fixture(scope="session")
def linking_model(tagger):
    """Links what shares a rare word, merges what shares nearly all of them, and knows three words of adherence."""
    import numpy as np
    import torch

    from action_recs.linking import Category
    from action_recs.linking.context_reader import ContextReader
    from action_recs.linking.features import LINK_FEATURES, SAME_FEATURES
    from action_recs.linking.meanings import Meanings
    from action_recs.linking.model import LinkingModel, Scorer
    from action_recs.linking.passages import Rarity
    from action_recs.linking.reader import Reader
    from action_recs.linking.term_model import TermModel

    def scorer(features, intercept, weights):
        return Scorer(features, np.array([float(weights.get(name, 0.0)) for name in features]), intercept, 0.5)

    checkpoint = tagger.recommendation
    size, count = checkpoint.model.config.hidden_size, len(Category)
    draw = torch.Generator().manual_seed(0)
    return LinkingModel(
        checkpoint,
        Meanings(checkpoint, checkpoint.model.base_model, np.zeros(size, dtype=np.float32)),
        Rarity({}, 5.0, np.ones(len(checkpoint.tokenizer), dtype=np.float32)),
        scorer(LINK_FEATURES, -5.0, {"words shared": 20}),
        scorer(SAME_FEATURES, -15.0, {"share of the recommendation's words": 20}),
        Reader(
            TermModel({}, np.zeros(0), np.zeros((0, count)), np.zeros(count)),
            np.random.default_rng(0).normal(size=(3 * size + 1, count)),
            np.zeros(count),
        ),
        Reader(
            TermModel(
                {"c twice": 0, "c daily": 1, "c not": 2},
                np.ones(3),
                np.array([[0.0, 3.0, 0.0, 0.0], [3.0, 0.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0]]),
                np.array([0.0, 0.0, 0.0, 1.0]),
            ),
            np.zeros((4 * size, 4)),
            np.zeros(4),
        ),
        ContextReader(
            checkpoint,
            checkpoint.model.base_model,
            {
                question: (0.1 * torch.randn(classes, 2 * size, generator=draw), torch.arange(float(classes)))
                for question, classes in (("category", count), ("adherence", 4))
            },
        ),
    )
