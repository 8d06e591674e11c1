"""From judged answers to figures: one row for each split and category."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evals.run import Result, Run

HELDOUT = "heldout"  # the split that is measured and never looked at
ANSWERABLE, REFUSE, ALL = "ANSWERABLE", "REFUSE", "ALL"


@dataclass(frozen=True, slots=True)
class Scores:
    """Shares in [0, 1] of a group of answers; None where the group has nothing to take a share of.

    `citation_precision`: cited paragraphs that hold evidence, of all citations. `retrieved`: questions with their
    evidence in the first hits. `refusals`: answers that were refusals, a count.
    """

    n: int
    right: float
    evidence: float | None
    citation_precision: float | None
    retrieved: float | None
    refusals: int


Table = Mapping[str, Mapping[str, Scores]]  # split -> category, then ANSWERABLE, REFUSE, ALL -> scores


def score(results: Sequence[Result]) -> Scores:
    """The figures of at least one result."""
    answerable = [r for r in results if r.question.answerable]
    citations = sum(r.verdict.citations for r in answerable)
    return Scores(
        n=len(results),
        right=_share(r.verdict.right for r in results) or 0.0,
        evidence=_share(bool(r.verdict.evidence) for r in answerable),
        citation_precision=sum(r.verdict.useful for r in answerable) / citations if citations else None,
        retrieved=_share(bool(r.retrieved) for r in answerable),
        refusals=sum(r.verdict.refused for r in results),
    )


def tabulate(run: Run) -> Table:
    """The scores of every split and category, in the order of the set; train stands first."""
    splits = dict.fromkeys(r.question.split for r in run.results)
    ordered = sorted(splits, key=lambda split: split == HELDOUT)
    return {split: _categories([r for r in run.results if r.question.split == split]) for split in ordered}


def _categories(results: Sequence[Result]) -> dict[str, Scores]:
    names = dict.fromkeys(r.question.category for r in results)
    groups = {name: [r for r in results if r.question.category == name] for name in names}
    groups[ANSWERABLE] = [r for r in results if r.question.answerable]
    groups[REFUSE] = [r for r in results if not r.question.answerable]
    groups[ALL] = list(results)
    return {name: score(group) for name, group in groups.items() if group}


def wrong(run: Run) -> tuple[Result, ...]:
    """The wrong answers that may be shown: those of the held-out split are only counted."""
    return tuple(r for r in run.results if not r.verdict.right and r.question.split != HELDOUT)


def milliseconds(run: Run) -> dict[str, float]:
    """Median and 95th percentile of the time of one answer; empty without answers."""
    times = sorted(r.seconds * 1000 for r in run.results)
    if not times:
        return {}
    p95 = times[min(len(times) - 1, round(0.95 * (len(times) - 1)))]
    return {"median": round(statistics.median(times), 2), "p95": round(p95, 2)}


def _share(flags: Iterable[bool]) -> float | None:
    values = list(flags)
    return sum(values) / len(values) if values else None
