"""Learn how the wording of a clause tells its kind: a logistic regression over pieces of characters.

The labels come free. A report names the time of its parts in their headings, so what stands below a time before the
report's year has been done, and what stands below that year or a later one is planned. No word of a heading is looked
for. Texts: the national work reports since 2003 and the 31 provincial ones of 2026 (31 CSV files with the column
`full_text`, in output/2026_raw_text of https://github.com/johncodes404/china-provincial-gov-reports-2026). The
provincial reports of 2025 and the gold outlines measure and are not trained on.
usage: python -m evals.modality --provinces FOLDER [--data ../shared/data] [--write]
"""

from __future__ import annotations

import argparse
import csv
import json
import lzma
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.annotate.report import ReadReport, read_report
from index.text import modality
from index.text.clauses import clauses
from index.text.times import find_times

DATA = Path("../shared/data")
OUTLINES = Path("tests/outlines")
SINCE, YEAR = 2003, 2026  # of the national reports, and the year of the provincial ones
FEATURES, RAREST, SPARSE, DENSE = 1500, 12, 0.14, 0.3  # the two last are C of the choice and of the fit
NAMING = 20  # pieces that a heading counts for which names the time itself: few do, and whole parts hang on them
FOLDS = 5


@dataclass(frozen=True)
class Piece:
    """A stretch of a report, whether it is planned (else done), and the report that it stands in."""

    text: str
    planned: bool
    report: str
    weight: int = 1


def label(section: Sequence[str], year: int) -> bool | None:
    """Whether the innermost heading that names times puts its text at `year` or after (True) or before (False)."""
    for heading in reversed(section):
        lasts = [t.year or (t.period[1] if t.period else year) for t in find_times(heading, year, heading=True)]
        if lasts:
            sides = {last >= year for last in lasts}
            return sides.pop() if len(sides) == 1 else None
    return None


def pieces(report: ReadReport, year: int) -> Iterator[Piece]:
    """The headings, paragraphs and clauses of a report of which the times in its headings tell the side."""
    for block in report.paragraphs:
        headings = (*block.section, block.text) if block.role == "heading" else block.section
        planned = label(headings, year) if block.citable or block.role == "heading" else None
        if planned is None:
            continue
        name = report.report.title
        if block.role == "heading":
            own = label((block.text,), year) is not None
            yield Piece(block.text, planned, name, NAMING if own else 1)
        else:
            yield Piece(block.text, planned, name)
            yield from (Piece(block.text[slice(*span)], planned, name) for span in clauses(block.text))


def read(text: str, title: str, year: int) -> Iterator[Piece]:
    """The pieces of the report `title` of `year`."""
    about = {"title": title, "year": year}
    return pieces(read_report(text, file=f"{title}.txt", sha256="0" * 64, metadata=about), year)


def national(data: Path) -> Iterator[Piece]:
    with lzma.open(data / "train/state_council_reports.jsonl.xz", "rt", encoding="utf-8") as lines:
        for report in map(json.loads, lines):
            if report["year"] and int(report["year"]) >= SINCE:
                yield from read(report["text"], report["title"], int(report["year"]))


def provincial(folder: Path) -> Iterator[Piece]:
    csv.field_size_limit(10**8)
    for path in sorted(folder.glob("*政府工作报告.csv")):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(lines):
                yield from read(row["full_text"], row["title"], YEAR)


def held_out(data: Path) -> Iterator[Piece]:
    for path in sorted((data / "corpora/provinces_2025").glob("*.txt")):
        yield from read(path.read_text("utf-8"), path.stem, 2025)


def gold() -> Iterator[Piece]:
    """The blocks of the gold outlines that promise or report."""
    for path in sorted(OUTLINES.glob("*.jsonl")):
        for row in map(json.loads, path.read_text("utf-8").splitlines()):
            if row.get("kind") in ("target", "result") and "text" in row:
                yield Piece(row["text"], row["kind"] == "target", path.stem)


def learned(train: Sequence[Piece]) -> dict[str, float]:
    """Weights of at most FEATURES pieces of characters; that of "" is the intercept. L1 chooses them, L2 fits them."""
    from sklearn.feature_extraction.text import CountVectorizer

    counted = CountVectorizer(analyzer=modality.grams, binary=True, min_df=RAREST, dtype=np.float64)
    table = counted.fit_transform(piece.text for piece in train)
    planned = np.array([piece.planned for piece in train])
    weights = np.array([piece.weight for piece in train])
    names = counted.get_feature_names_out()
    chosen = np.abs(_model(SPARSE, 1).fit(table, planned, weights).coef_[0])
    kept = np.sort(np.argsort(-chosen)[: min(FEATURES, int((chosen > 0).sum()))])
    model = _model(DENSE, 0).fit(table[:, kept], planned, weights)
    found = dict(zip(names[kept].tolist(), model.coef_[0].round(2).tolist(), strict=True))
    return {"": round(float(model.intercept_[0]), 2)} | {name: weight for name, weight in found.items() if weight}


def _model(c: float, l1_ratio: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=c, l1_ratio=l1_ratio, solver="liblinear", class_weight="balanced", max_iter=300, random_state=0
    )


def measure(name: str, scored: Iterable[tuple[Piece, Mapping[str, float]]]) -> None:
    """Prints how many pieces are told apart, and how many of those rightly: at all, and without doubt."""
    told = [(piece.planned, modality.score(piece.text, weights)) for piece, weights in scored]
    planned, scores = np.array([p for p, _ in told]), np.array([s for _, s in told])
    line = [f"{name:24}{len(told):7}"]
    for least in (0.0, modality.TELLS, modality.SURE):
        sure = np.abs(scores) >= least
        right = (scores > 0) == planned
        line.append(f"{sure.mean():7.3f}{right[sure].mean() if sure.any() else np.nan:7.3f}")
    print("".join(line))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--provinces", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    train = [*national(args.data), *provincial(args.provinces)]
    from sklearn.model_selection import GroupKFold

    groups = [piece.report for piece in train]
    print(f"{'':24}{'pieces':>7}  (share told, right among them) at all, {modality.TELLS}, {modality.SURE}")
    crossed: list[tuple[Piece, Mapping[str, float]]] = []
    for rest, left in GroupKFold(FOLDS).split(train, groups=groups):
        weights = learned([train[i] for i in rest])
        crossed += [(train[i], weights) for i in left]
    measure("train, crossed", crossed)
    weights = learned(train)
    measure("provinces 2025", ((piece, weights) for piece in held_out(args.data)))
    measure("gold outlines", ((piece, weights) for piece in gold()))
    print(f"{len(weights)} weights of {len(train)} pieces of {len(set(groups))} reports")
    if args.write:
        modality.WEIGHTS.write_text(json.dumps(weights, ensure_ascii=False, separators=(",", ":")), "utf-8")


if __name__ == "__main__":
    main()
