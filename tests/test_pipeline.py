"""transformers: the checkpoints in its own pipeline, and the registered one."""

import pytest
from huggingface_hub import ModelCard
from huggingface_hub.utils import validate_repo_id
from transformers import pipeline

import action_recs.pipeline
from action_recs import ModelError, Tagger, TranscriptError
from action_recs.checkpoint import NEEDED, SHIPPED, Task
from action_recs.session import Recommendation, recommendation_record

TALK = [
    ("therapist", "Maybe you could try to walk again this week, that was good for you."),
    ("client", "I went in. Twice."),
] * 5


@pytest.fixture(scope="module")
def find(models):
    return pipeline("action-recommendations", model=str(models / "recommendation"))


def test_it_finds_what_the_tagger_finds(find, models):
    """transformers computes in 32-bit floats, as a tagger does that is told to."""
    expected = [
        recommendation_record(each)
        for each in Tagger.from_pretrained(models, precision="fp32").tag(TALK).recommendations
    ]
    assert expected
    found = find(TALK)
    assert [each | {"score": None} for each in found] == [each | {"score": None} for each in expected]
    assert [each["score"] for each in found] == pytest.approx([each["score"] for each in expected], abs=1e-4)


def test_a_review_checkpoint_finds_reviews(models, tagger):
    find = pipeline("action-recommendations", model=str(models / "review"))
    found = find(TALK)
    assert [(each["first"], each["last"]) for each in found] == [
        (each.first, each.last) for each in tagger.tag(TALK).reviews
    ]
    assert found


def test_a_list_and_a_generator_of_sessions_give_one_answer_each(find):
    one, other = find(TALK), find(TALK[:3])
    assert find([TALK, TALK[:3]]) == [one, other]
    assert list(find(each for each in (TALK, TALK[:3]))) == [one, other]
    assert find([TALK, TALK[:3]], batch_size=2, batch_tokens=50) == [one, other]


def test_a_text_and_names_of_speakers_are_read_as_everywhere(find):
    text = "".join(f"{'Lee' if role == 'therapist' else 'Ann'}: {words}\n" for role, words in TALK)
    assert find(text, roles={"Lee": "therapist", "Ann": "client"}) == find(TALK)
    with pytest.raises(TranscriptError):
        find("no file and no transcript")


def test_a_model_of_another_kind_is_refused(models, tmp_path):
    import json
    import shutil

    folder = shutil.copytree(models / "recommendation", tmp_path / "other")
    config = json.loads((folder / "config.json").read_text())
    del config["action_recs"]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="no action_recs settings"):
        pipeline("action-recommendations", model=str(folder))


def test_without_a_model_it_takes_the_shipped_one():
    found = pipeline("action-recommendations")(
        [("therapist", "Maybe try going back to cooking this week, that was good for you."), ("client", "Okay.")]
    )
    assert [Recommendation(**each).text for each in found] == ["Maybe try going back to cooking this week"]


def test_the_shipped_checkpoints_work_in_the_plain_pipeline():
    text = "[THERAPIST] Maybe try going back to cooking this week, that was good for you. [CLIENT] Okay."
    plain = pipeline("token-classification", model=str(SHIPPED / "recommendation"), aggregation_strategy="simple")
    (found,) = plain(text)
    assert (found["entity_group"], text[found["start"] : found["end"]]) == (
        "CASUAL",
        "Maybe try going back to cooking this week",
    )
    review = pipeline("token-classification", model=str(SHIPPED / "review"))
    said = review("[THERAPIST] Last week you wanted to walk every day. How did it go? [CLIENT] I went twice.")
    assert {each["entity"] for each in said} <= {"B-REVIEW", "I-REVIEW"}
    assert len(said) > 10


@pytest.mark.parametrize("task", Task)
def test_the_shipped_folders_can_be_pushed_as_they_are(task):
    """What the hub checks of a card's metadata, without the hub."""
    folder = SHIPPED / task.value
    assert {path.name for path in folder.iterdir()} >= {*NEEDED, "README.md"}
    card = ModelCard.load(folder / "README.md")
    data = card.data
    assert (data.language, data.license, data.library_name) == ("en", "apache-2.0", "transformers")
    assert data.pipeline_tag == "token-classification"
    assert all(isinstance(tag, str) for tag in data.tags)
    bases = [data.base_model] if isinstance(data.base_model, str) else data.base_model
    for base in bases:
        validate_repo_id(base)
    again = ModelCard(str(card))  # written and read again, nothing of it changes
    assert again.data.to_dict() == data.to_dict()
    assert action_recs.pipeline.NAME.split("-")[0] in " ".join(data.tags)
