"""Train and measure the classifier that tells therapist, client and others apart; writes action_recs/models/roles.json.

    python training/roles.py --annomi AnnoMI-full.csv

"cross-validated" figures are of the training groups, each read with weights that were made without it; "development"
figures are of the development groups, read with the final weights. Nothing is fitted to the latter, but their composed
conversations were looked at when the parts were designed, and LEAST_APART was picked with them in view. Conversations
of more than two speakers are composed, but for the couples of the authored sessions ("couple, as written").
"""

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from action_recs.annotation.collection import load_collection
from action_recs.manifest import write_manifest
from action_recs.role_features import rejoined, spoken_turns, turn_features
from action_recs.role_model import (
    COUNTS,
    PARTS,
    SHIPPED,
    VIEW,
    Floats,
    RoleModel,
    main_speakers,
    scores,
    to_json,
    view,
    way_columns,
    ways,
    weigh,
)
from action_recs.training.role_examples import (
    RoleExample,
    Scene,
    as_recognised,
    composed,
    example_of,
    excerpt,
    read_scenes,
    with_stray_label,
    with_swaps,
)
from action_recs.transcript import Role

ANNOTATIONS = Path(__file__).parent.parent / "annotations"
SEED = 0
FOLDS = 5
IN_GROUPS = 8  # a feature is kept when so many clients or transcripts show it: no names, few words of one topic
IN_SCENES = 3
COMMON_WORDS = 500
PENALTY = 0.3  # inverse strength of L1
SCENE_WEIGHT = 1000.0  # of a turn in a scene: there are so many times fewer
REAL_WEIGHT = 3.0  # of real speech
RIDGE = 0.01
LENGTHS = (2, 4, 6, 10, 20, 40)
LONG = 20  # utterances
COMPOSED = 2  # conversations of more speakers made of every long one
THRESHOLD = 0.95
LEAST_KNOWN = 0.5  # English talk has 0.65 and more, other languages below 0.2

Words = tuple[dict[str, tuple[float, float]], tuple[float, float], frozenset[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annomi", type=Path, required=True, help="AnnoMI-full.csv")
    parser.add_argument("--output", type=Path, default=SHIPPED)
    arguments = parser.parse_args()
    started = perf_counter()
    train, development = load_examples(arguments.annomi)
    scenes = read_scenes(ANNOTATIONS / "roles" / "others.txt")
    shown_scenes = [scene for index, scene in enumerate(scenes) if index % 4]
    held_scenes = [scene for index, scene in enumerate(scenes) if not index % 4]

    folds = [[each for each in train if fold_of(each) == fold] for fold in range(FOLDS)]
    drawn = []
    for fold, unseen in enumerate(folds):
        heard = [scene for index, scene in enumerate(shown_scenes) if index % FOLDS != fold]
        unheard = [scene for index, scene in enumerate(shown_scenes) if index % FOLDS == fold]
        words = fit_words([each for each in train if fold_of(each) != fold], heard)
        drawn.append((words, samples(unseen, unheard, words, random.Random(fold))))
    results = []
    for fold, unseen in enumerate(folds):
        words, _ = drawn[fold]
        others = [sample for number, (_, made) in enumerate(drawn) if number != fold for sample in made]
        results += judged(cases(unseen, held_scenes, random.Random(fold)), fit_speakers(words, others))
    cross_validated = figures(results)

    model = fit_speakers(fit_words(train, shown_scenes), [sample for _, made in drawn for sample in made])
    measured = figures(judged(cases(development, held_scenes, random.Random(SEED)), model))
    abroad = figures(
        judged(cases(real_speech(train + development), [], random.Random(SEED)), authored_only(train, scenes))
    )
    print(f"{len(train)} and {len(development)} conversations, {perf_counter() - started:.0f} s")
    metrics = {"cross_validated": cross_validated, "development": measured, "trained_on_authored_talk_only": abroad}
    for name, measured in metrics.items():
        show(name, measured)
    content = {"about": "Made by training/roles.py; read by action_recs/role_model.py.", "metrics": metrics}
    arguments.output.write_text(json.dumps(content | to_json(model), separators=(",", ":")) + "\n", encoding="utf-8")
    if arguments.output == SHIPPED:
        write_manifest(SHIPPED.parent)
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1000:.0f} kB")


def load_examples(annomi: Path) -> tuple[list[RoleExample], list[RoleExample]]:
    """The training and development conversations, each once."""
    train: dict[tuple[str, str], RoleExample] = {}
    development: dict[tuple[str, str], RoleExample] = {}
    for each in load_collection(ANNOTATIONS, annomi_csv=annomi):
        train |= {(each.name, session.id): example_of(session, each.name) for session in each.train}
        development |= {(each.name, session.id): example_of(session, each.name) for session in each.development}
    return list(train.values()), list(development.values())


def real_speech(examples: Iterable[RoleExample]) -> list[RoleExample]:
    return [each for each in examples if each.origin == "annomi"]


def authored_only(train: Sequence[RoleExample], scenes: Sequence[Scene]) -> RoleModel:
    """A model that has seen no real speech, to see what another kind of talk than the training's costs."""
    authored = [each for each in train if each.origin != "annomi"]
    words = fit_words([each for each in authored if fold_of(each)], scenes)
    unseen = [each for each in authored if not fold_of(each)]
    return fit_speakers(words, samples(unseen, scenes, words, random.Random(SEED)))


def fold_of(example: RoleExample) -> int:
    return crc32(f"{example.origin} {example.group}".encode()) % FOLDS


# The words of a turn


def fit_words(examples: Sequence[RoleExample], scenes: Sequence[Scene]) -> Words:
    """Weights of what turns show: therapist against client, and people of the scenes against everybody."""
    draw = random.Random(SEED)
    rows: list[tuple[set[str], Role, float]] = []
    groups: dict[str, set[str]] = defaultdict(set)
    counted: dict[str, int] = defaultdict(int)
    for example in examples:
        for version in (example, as_recognised(example, draw)):
            turns = spoken_turns(version.pieces)
            for turn, shown in zip(turns, turn_features(turns), strict=True):
                rows.append((shown, example.roles[turn.speaker], REAL_WEIGHT if example.origin == "annomi" else 1.0))
                for name in shown:
                    groups[name].add(example.group)
                for word in turn.words:
                    counted[word] += 1
    kept = {name for name, seen in groups.items() if len(seen) >= IN_GROUPS}
    scene_groups: dict[str, set[str]] = defaultdict(set)
    for scene in scenes:
        turns = spoken_turns(scene.pieces)
        for turn, shown in zip(turns, turn_features(turns), strict=True):
            rows.append((shown, Role(turn.speaker), SCENE_WEIGHT if turn.speaker == Role.OTHER else 1.0))
            for name in shown:
                scene_groups[name].add(scene.name)
    kept |= {name for name, seen in scene_groups.items() if len(seen) >= IN_SCENES}
    columns = {name: index for index, name in enumerate(sorted(kept))}
    matrix = _matrix([shown for shown, _, _ in rows], columns)
    roles = np.array([role.value for _, role, _ in rows])
    weights = np.array([weight for _, _, weight in rows])
    two = roles != Role.OTHER.value
    fits = (
        _regression(matrix[two], roles[two] == Role.THERAPIST.value, weights[two]),
        _regression(matrix, ~two, weights),
    )
    pairs = zip(*(np.round(fit.coef_[0], 3).tolist() for fit in fits), strict=True)
    kept_weights = {name: pair for name, pair in zip(columns, pairs, strict=True) if any(pair)}
    common = sorted(counted, key=lambda word: -counted[word])[:COMMON_WORDS]
    first, second = (round(float(fit.intercept_[0]), 3) for fit in fits)
    return kept_weights, (first, second), frozenset(common)


def _matrix(rows: Iterable[set[str]], columns: dict[str, int]) -> csr_matrix:
    indices: list[int] = []
    ends = [0]
    for row in rows:
        indices.extend(columns[name] for name in row if name in columns)
        ends.append(len(indices))
    return csr_matrix((np.ones(len(indices)), indices, ends), shape=(len(ends) - 1, len(columns)))


def _regression(matrix: csr_matrix, target: NDArray[np.bool_], weights: Floats) -> Any:
    fit = LogisticRegression(C=PENALTY, l1_ratio=1, solver="liblinear", random_state=SEED)
    return fit.fit(matrix, target, sample_weight=weights)


# The speakers of a conversation


@dataclass(frozen=True, slots=True)
class Sample:
    """One conversation for the second step: the columns of every way of giving parts, and which way is right."""

    kind: str
    columns: Floats
    right: int
    weight: float


def samples(
    examples: Sequence[RoleExample], scenes: Sequence[Scene], words: Words, draw: random.Random
) -> list[Sample]:
    """Whole conversations and excerpts of all lengths, with and without faults, of two and of more speakers."""
    made = []
    long = [each for each in examples if len(each.pieces) >= LONG]
    several = [each for _ in range(COMPOSED) for each in composed(draw.sample(long, len(long)), scenes, draw)]
    for example in [*(each for each in examples if each.kind == "two"), *several]:
        versions = [example, as_recognised(example, draw), with_swaps(example, draw.uniform(0.05, 0.2), draw)]
        versions += [excerpt(draw.choice(versions), _length(draw, example.kind), draw) for _ in range(5)]
        weight = (REAL_WEIGHT if example.origin == "annomi" else 1.0) / len(versions)
        made += [sample for version in versions if (sample := _sample(version, words, weight))]
    return made


def _length(draw: random.Random, kind: str) -> int:
    return round((2 if kind == "two" else 8) * 2 ** draw.uniform(0, 6 if kind == "two" else 4))


def _sample(example: RoleExample, words: Words, weight: float) -> Sample | None:
    turns = spoken_turns(example.pieces)
    speakers = main_speakers(turns, {each: role for each, role in example.roles.items() if role is Role.OTHER})
    speakers = [each for each in speakers if any(turn.speaker == each for turn in turns)]
    aside = "interpreter" if example.kind.startswith("interpreter") else "passer-by"
    named = [aside if example.roles[each] is Role.OTHER else example.roles[each].value for each in speakers]
    if not {"therapist", "client"} <= set(named):
        return None
    theirs = rejoined(turns, speakers)
    model = RoleModel(*words, {}, {}, THRESHOLD, LEAST_KNOWN)
    table = view(theirs, scores(theirs, model), speakers, model.common)
    assigned = ways([range(len(PARTS))] * len(speakers))
    right = (assigned == [PARTS.index(part) for part in named]).all(axis=1)
    columns = way_columns(table, assigned)
    return Sample("two" if len(speakers) == 2 else "more", columns, int(np.flatnonzero(right)[0]), weight)


def fit_speakers(words: Words, made: Sequence[Sample]) -> RoleModel:
    """The weights of the views: those under which the right ways are most probable."""
    speakers, counts = {}, {}
    for kind in ("two", "more"):
        theirs = [sample for sample in made if sample.kind == kind]
        stacks = []
        for size in sorted({len(sample.columns) for sample in theirs}):
            same = [sample for sample in theirs if len(sample.columns) == size]
            relative = np.stack([sample.columns - sample.columns[sample.right] for sample in same])
            stacks.append((relative, np.array([sample.weight for sample in same])))

        def loss(flat: Floats, stacks: list[tuple[Floats, Floats]] = stacks) -> tuple[float, Floats]:
            total, slope = RIDGE * float(flat @ flat), 2 * RIDGE * flat
            for relative, weights in stacks:
                scored = relative @ flat
                top = scored.max(axis=1, keepdims=True)
                raised = np.exp(scored - top)
                share = raised / raised.sum(axis=1, keepdims=True)
                total += float(weights @ (top[:, 0] + np.log(raised.sum(axis=1))))
                slope = slope + np.einsum("n,nw,nwc->c", weights, share, relative)
            return total, slope

        views = (len(PARTS) - 1) * len(VIEW)
        found = minimize(loss, np.zeros(views + len(COUNTS)), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
        speakers[kind] = np.round(found[:views].reshape(-1, len(VIEW)), 4)
        counts[kind] = np.round(found[views:], 4)
    return RoleModel(*words, speakers, counts, THRESHOLD, LEAST_KNOWN)


# Measuring


@dataclass(frozen=True, slots=True)
class Result:
    """What came out for one conversation."""

    slice: str
    right: bool
    probability: float
    answered: bool


def cases(
    examples: Sequence[RoleExample], scenes: Sequence[Scene], draw: random.Random
) -> list[tuple[str, RoleExample]]:
    """The conversations to measure on, each with what its slice is called; one a slice and session."""
    made: list[tuple[str, RoleExample]] = []
    for example in examples:
        if example.kind != "two":
            made.append((f"couple, as written, {'whole' if len(example.pieces) >= LONG else 'excerpts'}", example))
            continue
        origin = {"annomi": "AnnoMI", "contrast": "excerpts"}.get(example.origin, "authored")
        made.append((f"{origin}, whole", example))
        if origin == "excerpts":
            continue
        made.append((f"{origin}, as recognised", as_recognised(example, draw)))
        for share in (0.1, 0.2, 0.4):
            if len(example.pieces) >= LONG:
                made.append((f"{origin}, {share:.0%} of turns swapped", with_swaps(example, share, draw)))
        if len(example.pieces) >= LONG:
            made.append((f"{origin}, stray label", with_stray_label(example, draw)))
        for length in LENGTHS:
            if len(example.pieces) >= length:
                made.append((f"{origin}, {length} utterances", excerpt(example, length, draw)))
    long = [each for each in examples if len(each.pieces) >= LONG]
    for example in composed(long, scenes, draw) if scenes else []:
        if example.kind != "couple" or any("/" in speaker for speaker in example.roles):
            made.append((f"{example.kind}, composed", example))
    return [(name, example) for name, example in made if example.complete]


def judged(made: Iterable[tuple[str, RoleExample]], model: RoleModel) -> list[Result]:
    """Right is a conversation in which everybody who takes part has the right role."""
    results = []
    for name, example in made:
        turns = spoken_turns(example.pieces)
        weighed = weigh(turns, {}, model) if len({turn.speaker for turn in turns}) > 1 else None
        if weighed is None:
            continue
        taking_part = [each for each in main_speakers(turns, {}) if each in example.roles]
        right = all(weighed.roles[each] is example.roles[each] for each in taking_part)
        results.append(Result(name, right, weighed.probability, weighed.believed(model)))
    return results


def figures(results: Sequence[Result]) -> dict[str, Any]:
    """Accuracy of all and of those answered, coverage, and how the stated probabilities hold, by slice."""
    slices: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        slices[result.slice].append(result)
    by_slice = {}
    for name, theirs in slices.items():
        answered = [each for each in theirs if each.answered]
        by_slice[name] = {
            "conversations": len(theirs),
            "right": share([each.right for each in theirs]),
            "answered": share([each.answered for each in theirs]),
            "right_of_answered": share([each.right for each in answered]),
            "stated": round(float(np.mean([each.probability for each in theirs])), 3),
        }
    bins = []
    for low, high in (
        (0.0, 0.6),
        (0.6, 0.7),
        (0.7, 0.8),
        (0.8, 0.9),
        (0.9, 0.95),
        (0.95, 0.99),
        (0.99, 0.999),
        (0.999, 1.1),
    ):
        theirs = [each for each in results if low <= each.probability < high]
        if theirs:
            stated = round(float(np.mean([each.probability for each in theirs])), 4)
            bins.append({"stated": stated, "right": share([each.right for each in theirs])})
    return {"threshold": THRESHOLD, "slices": by_slice, "calibration": bins}


def share(outcomes: Sequence[bool]) -> dict[str, float | int | None]:
    """A share with its 95 % interval after Wilson."""
    count, hits, z = len(outcomes), sum(outcomes), 1.96
    if not count:
        return {"value": None, "low": None, "high": None, "n": 0}
    value = hits / count
    centre = (value + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (value * (1 - value) / count + z * z / (4 * count * count)) ** 0.5
    rounded = (round(each, 4) for each in (value, centre - half, centre + half))
    return {**dict(zip(("value", "low", "high"), rounded, strict=True)), "n": count}


def show(title: str, measured: dict[str, Any]) -> None:
    console = Console(width=130)
    table = Table("conversations", "n", "right", "answered", "right of answered", "stated", title=title)
    for name, row in measured["slices"].items():
        shares = (_written(row[key]) for key in ("right", "answered", "right_of_answered"))
        table.add_row(name, str(row["conversations"]), *shares, f"{row['stated']:.3f}")
    console.print(table)
    for row in measured["calibration"]:
        console.print(f"stated {row['stated']:.4f}: right {_written(row['right'])} of {row['right']['n']}")


def _written(estimate: dict[str, float]) -> str:
    if estimate["value"] is None:
        return "-"
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"


if __name__ == "__main__":
    main()
