"""What a token's class, and what a teacher holds for probable, add to the loss."""

import math

import pytest
import torch
from datasets import Dataset

from action_recs.training.labels import IGNORED
from action_recs.training.loss import TokenLoss, class_weights

LOGITS = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [9.0, 0.0, 9.0]]])
LABELS = torch.tensor([[0, 2, IGNORED]])
ONE = -math.log(math.exp(2) / (math.exp(2) + 2))
TWO = -math.log(1 / (math.e + 2))
COUNT = torch.tensor(2)


def test_tokens_that_count_are_summed_and_divided_by_those_of_the_step():
    assert float(TokenLoss()(LOGITS, {"labels": LABELS}, COUNT)) == pytest.approx((ONE + TWO) / 2)
    assert float(TokenLoss()(LOGITS, {"labels": LABELS}, torch.tensor(8))) == pytest.approx((ONE + TWO) / 8)


def test_a_class_weighs_as_much_as_it_is_given():
    loss = TokenLoss(torch.tensor([1.0, 1.0, 3.0]))
    assert float(loss(LOGITS, {"labels": LABELS}, COUNT)) == pytest.approx((ONE + 3 * TWO) / 2)


WINDOWS = Dataset.from_dict({"labels": [[0] * 16 + [1, IGNORED], [1, 1, 1, 2]]})


@pytest.mark.parametrize(
    ("choice", "ratios"), [("balanced", (1, 4, 16)), ("root", (1, 2, 4)), ({"B": 5.0}, (1, 5, 1)), ("none", None)]
)
def test_weights_follow_how_many_tokens_a_class_has(choice, ratios):
    weights = class_weights(choice, WINDOWS, ("O", "B", "I"))
    if ratios is None:
        assert weights is None
        return
    assert (weights / weights[0]).tolist() == pytest.approx(ratios)
    if isinstance(choice, str):
        assert float((weights * torch.tensor([16.0, 4.0, 1.0])).sum() / 21) == pytest.approx(1)


def test_a_class_that_no_token_has_weighs_as_the_rarest():
    weights = class_weights("balanced", Dataset.from_dict({"labels": [[0, 0, 1]]}), ("O", "B", "I"))
    assert weights[2] == weights[1]


def divergence(taught, said):
    return sum(p * math.log(p / q) for p, q in zip(taught, said, strict=True) if p)


@pytest.mark.parametrize("labelled", [True, False])
def test_teachers_have_their_share_and_of_the_unlabelled_all_of_it(labelled):
    taught = [0.7, 0.2, 0.1]
    batch = {
        "labels": LABELS,
        "soft": torch.tensor([[taught, [0.0] * 3, taught]]),  # of the second token, the teacher says nothing
        "labelled": torch.tensor([labelled]),
    }
    heat = 2.0
    warm = [each ** (1 / heat) for each in taught]
    warm = [each / sum(warm) for each in warm]
    said = torch.softmax(LOGITS[0, 0] / heat, -1).tolist()
    soft = divergence(warm, said) * heat**2
    hard = ONE + TWO if labelled else 0.0
    share = 0.4 if labelled else 1.0
    found = float(TokenLoss(soft=0.4, temperature=heat)(LOGITS, batch, COUNT))
    assert found == pytest.approx(((1 - share) * hard + share * soft) / 2, rel=1e-4)
