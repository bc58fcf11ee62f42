"""Annotated courses, and how a thread is compared with one."""

import pytest
from talked import talk

from action_recs.annotation.courses import courses
from action_recs.annotation.markup import read_markup
from action_recs.errors import AnnotationError
from action_recs.evaluation import linking_agreement as agreement
from action_recs.evaluation.linking import compare, macro_f1_of
from action_recs.evaluation.metrics import Counts
from action_recs.linking import Adherence, Category, ClientThread, Item, LookBack, ReviewLink, Words
from action_recs.session import TaggedSession

COURSE = """\
# session: c1-s1
T: <rec id="r1" form="casual" category="monitor">Keep a log</rec>.
C: Yes.
T: <rec id="r2" form="casual" category="learn">Read that book</rec>.
C: Okay.
T: <rec id="r3" form="structured" category="monitor" same="r1">Write the log daily</rec>.
# session: c1-s2
<review of="s1.r3" adherence="partial" target="the log">
T: How is the log?
C: Half full.
</review>
T: Good.
<review adherence="unclear" target="something">
C: And what we said.
</review>
"""


def course(tmp_path, text=COURSE):
    (tmp_path / "c1.txt").write_text(text)
    (found,) = courses(read_markup(tmp_path / "c1.txt"))
    return found


def thread(sessions, groups, links, *, category=Category.MONITOR, adherence=Adherence.PARTIAL):
    """A thread with items of the first session by index, and links (review, item) of the second."""
    spans = sessions[0].recommendations
    words = Words(1, 0, 0, 3, "How")
    items = tuple(
        Item(
            0,
            spans[group[0]],
            tuple(spans[at] for at in group[1:]),
            tuple(ReviewLink(1, review, 0.9, adherence, words) for review, item in links if item == number),
            None,
            category,
            "",
            (),
        )
        for number, group in enumerate(groups)
    )
    reviews = tuple(
        LookBack(1, number, tuple(item for review, item in links if review == number), adherence, words)
        for number in range(len(sessions[1].reviews))
    )
    return ClientThread(tuple(sessions), items, reviews)


def test_a_course_holds_items_with_their_restatements_and_links_to_items(tmp_path):
    found = course(tmp_path)
    assert found.client == "c1"
    assert found.items == (((0, 2), (1,)), ())
    assert found.links == {(1, 0): ((0, 0),), (1, 1): ()}


@pytest.mark.parametrize(("old", "new"), [("s1.r3", "s1.r9"), ("s1.r3", "s7.r1"), ('same="r1"', 'same="r9"')])
def test_a_link_to_nothing_is_refused_with_its_place(tmp_path, old, new):
    with pytest.raises(AnnotationError, match="is not there"):
        course(tmp_path, COURSE.replace(old, new))


def test_a_thread_that_says_what_the_annotators_said_is_right_in_all(tmp_path):
    gold = course(tmp_path)
    sessions = [TaggedSession.from_annotations(each) for each in gold.sessions]
    found = compare(gold, thread(sessions, [(0, 2), (1,)], [(0, 0)]))
    assert (found.links, found.same, found.broad) == (Counts(1, 0, 0), Counts(1, 0, 0), Counts(1, 0, 0))
    assert found.categories == (("monitor", "monitor"), ("learn", "monitor"))
    assert found.adherences == (("partial", "partial"), ("unclear", "partial"))
    assert found.link_adherences == (("partial", "partial"),)
    assert found.reachable == 1


def test_wrong_links_and_items_are_counted(tmp_path):
    gold = course(tmp_path)
    sessions = [TaggedSession.from_annotations(each) for each in gold.sessions]
    found = compare(gold, thread(sessions, [(0, 1), (2,)], [(1, 0)]))
    assert found.links == Counts(0, 1, 1)
    assert found.same == Counts(0, 1, 1)
    assert found.broad == Counts(0, 1, 1)
    # the second item's span belongs to an item that was told already: it is neither right nor wrong
    assert found.categories == (("monitor", "monitor"), ("learn", None))


def test_what_a_tagger_missed_or_made_up_counts_too(tmp_path):
    gold = course(tmp_path)
    sessions = [
        talk("Read that book, would you.", recommended=[(0, "would you")]),
        talk("Well.", "Yes.", "Hm.", reviews=[(2, 2)]),
    ]
    found = compare(gold, thread(sessions, [(0,)], [(0, 0)]))
    assert found.links == Counts(0, 1, 1)
    assert found.reachable == 0
    assert found.same == Counts(0, 0, 1)
    assert sorted(found.categories, key=str) == [("learn", None), ("monitor", None), (None, "monitor")]
    assert sorted(found.adherences, key=str) == [("partial", None), ("unclear", None), (None, "partial")]


def test_macro_f1_is_the_mean_over_classes():
    pairs = [("done", "done"), ("done", "partial"), ("partial", "partial"), (None, "done")]
    row = macro_f1_of({"a": pairs[:2], "b": pairs[2:]}, ["done", "partial"])
    assert row["by_class"] == {"done": {"f1": 0.5, "gold": 2}, "partial": {"f1": 0.6667, "gold": 1}}
    assert row["f1"]["value"] == pytest.approx((1 / 2 + 2 / 3) / 2, abs=1e-4)
    assert row["accuracy"] == pytest.approx(2 / 3, abs=1e-4)


def test_two_readers_of_one_course_are_compared(tmp_path):
    text = """# session: x1-s1 | style: clean
T: <rec id="r1" form="casual" category="take_action">Walk daily.</rec>
C: Fine.
T: So <rec id="r2" form="casual" category="{category}"{same}>walk daily</rec>.
T: And <rec id="r3" form="casual" category="learn">read this.</rec>

# session: x1-s2 | style: clean
<review of="{of}" adherence="{adherence}">
T: Did you walk?
C: Once.
</review>
"""
    readings = [
        {"category": "take_action", "same": ' same="r1"', "of": "s1.r1", "adherence": "done"},
        {"category": "learn", "same": "", "of": "s1.r2,s1.r3", "adherence": "partial"},
    ]
    one, other = (course(tmp_path, text.format(**reading)) for reading in readings)
    assert agreement.links(one, one) == {((1, 0), (0, 0))}
    assert agreement.links(one, other) == {((1, 0), (0, 0)), ((1, 0), (0, 2))}  # r2 is r1 again, for the first reader
    assert (agreement.restated(one), agreement.restated(other)) == ({(0, 0, 1)}, set())
    assert agreement.categories(one, other) == [("take_action",) * 2, ("take_action", "learn"), ("learn",) * 2]
    assert agreement.adherences(one, other) == [("done", "partial")]
    assert agreement.pair_courses([one], [other]) == [(one, other)]
    moved = course(tmp_path, text.format(**readings[1]).replace("Walk daily", "Walk"))
    with pytest.raises(AnnotationError, match="the course of x1: both readings must mark the same words"):
        agreement.pair_courses([one], [moved])
    assert agreement.shared({1, 2}, {2, 3, 4}) == Counts(1, 2, 1)
