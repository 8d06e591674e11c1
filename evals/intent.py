"""Fits the head that tells what a question asks for (`rag/understand/intent.py`).

It learns from `evals/questions/intents.tsv`: the training questions of the question sets with what they ask (as the
patterns said that stood here before, and corrected by a reader), and made ones: forms in which ``[a|b]`` is one of
several and ``{w} {p} {y} {t} {v} {e}`` are filled with a place and time, a place, a time, a thing, a verb, an English
thing. Things and verbs are those of the seed reports.
usage: python -m evals.intent [--write] [--errors] [--fast]
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.dataset import ASKED_ON, SEED_QUESTIONS, load
from index.text.lexicon import rows
from index.text.normalize import fold
from index.text.places import find_places
from index.text.times import find_times
from rag.understand import intent
from rag.understand.english import chinese_cues, is_english
from rag.understand.terms import translated

SEEDS = Path(__file__).parent.parent / "seeds"
TABLE, MADE = "intents.tsv", "made"
TYPES = ("what", "number", "list", "who", "where", "when", "yesno", "summary", "beyond")
LEANS = "leans"  # on the question before: told by how a question begins, with its place and time
SIGNS = ("target", "result", "field", "difference", "ratio", "share", "growth", "more", "least", LEANS)
TYPE = "type"
KEYS = (TYPE, *SIGNS)
FOLDS = 5
SETS, FACTS = ("seeds", "provinces", "national", "wild"), ("fact", "paraphrase", "confusable")
EACH, MOST_MADE, LEAST_MADE = 8, 400, 24  # questions made of a form: for each of its alternatives, at most, at least
REAL = 20.0  # how much more a real question weighs
STRENGTH = 1.0  # of the weights against their penalty (C of scikit-learn)
INCLINED = {"target": 0.5}  # what is added for a sign that, by cross-validation, is missed more often than imagined
SEEN, NOTHING = 3, 4  # rarer runs of characters are left out; so are weights below (times `intent.SCALE`)
PLACES = (
    *("市北", "市北区", "李沧区", "崂山", "城阳区", "莱西", "青岛", "青岛市"),
    *("北京", "上海", "四川省", "广东", "全国", "江苏省", "我国"),
)
TIMES = ("2025年", "2024年", "2023年", "今年", "去年", "到2025年", "“十四五”期间", "过去5年")
WHERE_AND_WHEN = ("", "", "{p}", "{y}", "{y}{p}", "{p}{y}", "{p}{y}")
ENGLISH = ("new jobs", "elevators", "parking spaces", "gdp", "parks", "schools", "old apartment blocks", "retail sales")
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w)\}")


@dataclass(frozen=True, slots=True)
class Example:
    """A text, what it asks for, and the row of the table that it is of."""

    text: str
    type: str  # empty: it does not tell
    signs: frozenset[str]
    row: int
    real: bool
    whole: bool = True  # as it was asked, with places and times

    def known(self, key: str) -> bool:
        """Whether it tells of its type, or of a sign."""
        return bool(self.type) if key == TYPE else self.whole or key != LEANS

    def answer(self, key: str) -> str | bool:
        """Its type, or whether it has a sign."""
        return self.type if key == TYPE else key in self.signs


@cache
def _words() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Things (runs of nouns) and verbs of the seed reports."""
    import rjieba

    things: Counter[str] = Counter()
    verbs: Counter[str] = Counter()
    for path in sorted(SEEDS.glob("*.txt")):
        run = ""
        for word, tag in (*rjieba.tag(fold(path.read_text("utf-8"))), ("", "x")):
            if tag in ("n", "nz", "vn", "an", "b", "nt"):
                run += word
                continue
            things[run] += 2 <= len(run) <= 9
            run = ""
            verbs[word] += tag == "v" and len(word) <= 2
    return tuple(w for w, n in things.items() if n), tuple(w for w, n in verbs.items() if n > 2)


def _made(form: str, rng: Random) -> str:
    things, verbs = _words()
    fills = {"p": PLACES, "y": TIMES, "t": things, "v": verbs, "e": ENGLISH}
    text = form.replace("{w}", rng.choice(WHERE_AND_WHEN))
    while choice := _CHOICE.search(text):
        text = text[: choice.start()] + rng.choice(choice[1].split("|")) + text[choice.end() :]
    text = _SLOT.sub(lambda slot: rng.choice(fills[slot[1]]), text)
    return text if text.endswith(("？", "?")) else text + rng.choice(("", "？", "?"))


def _without_places_and_times(text: str) -> str:
    spans = [(found.start, found.end) for found in find_places(text)]
    spans += [(found.start, found.end) for found in find_times(text, ASKED_ON.year, heading=True)]
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + " " + text[end:]
    return text


def examples() -> Iterator[Example]:
    """Real questions as they stand and without places and times, and questions made of the forms."""
    rng = Random(0)
    for number, row in enumerate(rows(TABLE, "evals.questions")):
        type_ = row["type"].strip("-")
        signs = frozenset(row["signs"].strip("-").split(",")) - {""}
        if row["source"] != MADE:
            text = fold(row["question"])
            text = translated(chinese_cues(text, ())) if is_english(text) else text
            yield Example(text, type_, signs, number, real=True)
            yield Example(_without_places_and_times(text), type_, signs, number, real=True, whole=False)
            continue
        many = EACH * (row["question"].count("|") + 1)
        for _ in range(min(MOST_MADE, max(LEAST_MADE, many))):
            yield Example(fold(_made(row["question"], rng)), type_, signs, number, real=False)


@dataclass(frozen=True, slots=True)
class Data:
    """Examples as a sparse matrix of the runs of characters in them."""

    examples: Sequence[Example]
    runs: Sequence[str]
    matrix: Any  # scipy.sparse, (examples, runs)

    def answers(self, label: str) -> NDArray[np.int64]:
        """1 where the label holds, 0 where not, -1 where that is not known."""
        key = TYPE if label in TYPES else label
        held = True if key == label else label
        return np.array([each.answer(key) == held if each.known(key) else -1 for each in self.examples], np.int64)


def gathered() -> Data:
    """All examples with the runs that stand often enough in them."""
    from scipy.sparse import csr_matrix

    known = list(examples())
    held = [intent.grams(example.text) for example in known]
    often = Counter(run for found in held for run in found)
    runs = sorted(run for run, count in often.items() if count >= SEEN)
    column = {run: n for n, run in enumerate(runs)}
    places = [(n, column[run]) for n, found in enumerate(held) for run in found if run in column]
    at = np.array(places).T
    return Data(known, runs, csr_matrix((np.ones(len(places)), at), shape=(len(known), len(runs))))


def fitted(data: Data, label: str, among: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Weights of the runs and the bias for one label, from the examples `among` which it is known for."""
    from sklearn.linear_model import LogisticRegression

    y = data.answers(label)
    use = among & (y >= 0)
    weight = np.where([example.real for example in data.examples], REAL, 1.0)[use]
    model = LogisticRegression(C=STRENGTH, l1_ratio=1.0, solver="liblinear", random_state=0, max_iter=300, tol=1e-3)
    model.fit(data.matrix[use], y[use], sample_weight=weight)
    return model.coef_[0], float(model.intercept_[0]) + INCLINED.get(label, 0.0)


def told(
    data: Data, heads: Mapping[str, tuple[NDArray[np.float64], float]], which: NDArray[np.bool_]
) -> dict[str, Any]:
    """What heads say of the examples `which`: their types, and of each sign whether it holds."""
    totals = {label: data.matrix[which] @ weights + bias for label, (weights, bias) in heads.items()}
    types = np.array([totals[label] for label in TYPES]).argmax(axis=0)
    return {TYPE: np.array(TYPES)[types], **{sign: totals[sign] > 0 for sign in SIGNS}}


def measured(data: Data) -> Mapping[str, tuple[int, list[str]]]:
    """For the type and each sign: how many real examples are known for it, and those told wrong by heads that have not
    seen their question."""
    fold_of = np.array([example.row % FOLDS if example.real else -1 for example in data.examples])
    seen: Counter[str] = Counter()
    wrong: dict[str, list[str]] = {key: [] for key in KEYS}
    for fold_ in range(FOLDS):
        kept = fold_of == fold_
        heads = {label: fitted(data, label, ~kept) for label in (*TYPES, *SIGNS)}
        for key, values in told(data, heads, kept).items():
            asked = [data.examples[n] for n in np.flatnonzero(kept).tolist()]
            pairs = [(value, each) for value, each in zip(values, asked, strict=True) if each.known(key)]
            seen[key] += len(pairs)
            wrong[key] += [f"{value} {each.text}" for value, each in pairs if value != each.answer(key)]
    return {key: (seen[key], wrong[key]) for key in KEYS}


def held_out() -> Mapping[str, tuple[int, int]]:
    """Of the held-out questions for a list, and of those whose answers are all figures: how many the shipped head tells
    to be such, and how many there are. They are counted only: nobody has read what each of them asks."""
    told_so: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for name in SETS:
        for question in load(SEED_QUESTIONS.with_name(f"{name}.jsonl")):
            figures = all(re.search(r"\d", "".join(each)) for each in question.answers) and question.category in FACTS
            type_ = "list" if question.category == "list" else "number" if question.answers and figures else None
            if question.split == "heldout" and type_ and not is_english(fold(question.question)):
                seen[type_] += 1
                told_so[type_] += intent.intent(fold(question.question)).type == type_
    return {type_: (told_so[type_], seen[type_]) for type_ in seen}


def shipped(data: Data) -> dict[str, Any]:
    """The head as it is shipped: of each run the labels that it speaks for or against, with its weights."""
    every = np.ones(len(data.examples), np.bool_)
    weights: dict[str, list[int]] = {}
    biases = []
    for n, label in enumerate((*TYPES, *SIGNS)):
        found, bias = fitted(data, label, every)
        biases.append(round(bias * intent.SCALE))
        whole = np.rint(found * intent.SCALE).astype(int)
        for column in np.flatnonzero(np.abs(whole) >= NOTHING).tolist():
            weights.setdefault(data.runs[column], []).extend((n, int(whole[column])))
    return {"types": TYPES, "signs": SIGNS, "bias": biases, "weights": dict(sorted(weights.items()))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"write rag/understand/{intent.WEIGHTS}")
    parser.add_argument("--errors", action="store_true", help="list the training questions that are told wrong")
    parser.add_argument("--fast", action="store_true", help="measure nothing")
    args = parser.parse_args()
    data = gathered()
    print(f"{len(data.examples)} examples, {len(data.runs)} runs of characters")
    for key, (known, wrong) in ({} if args.fast else measured(data)).items():
        print(f"{key:<10}{known:6}  {1 - len(wrong) / known:.3f}")
        if args.errors:
            print(*(f"  {each}" for each in wrong), sep="\n")
    for type_, (right, known) in held_out().items():
        print(f"held out, {type_:<8}{right:4} of {known}")
    if args.write:
        path = Path(str(files("rag.understand").joinpath(intent.WEIGHTS)))
        path.write_text(json.dumps(shipped(data), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
