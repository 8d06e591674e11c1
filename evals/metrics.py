"""What counts as right: answers by the definition of the shared scorer, rankings by the textbook."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from evals.dataset import Question
from evals.matching import norm, occurs, strip_markers
from rag.types import Answer

LONGEST = {"list": 900, "compare": 700}  # characters of an answer
LONGEST_OTHERWISE = 300
LONGEST_PARAGRAPH = 1500  # characters of a cited paragraph: a citation is a paragraph, not a page


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one answer. `evidence` is None for a question that cannot be answered."""

    right: bool
    why: tuple[str, ...]  # what failed
    refused: bool
    evidence: bool | None
    useful: int  # citations that hold a snippet
    citations: int


def judge(question: Question, answer: Answer) -> Verdict:
    """Right is: not refused, short enough to read, every expected figure there as a whole number, no forbidden one,
    and the evidence in a cited paragraph. A question that cannot be answered is right when it is refused.
    """
    if not question.answerable:
        reproach = () if answer.refused else ("answered, should refuse",)
        return Verdict(answer.refused, reproach, answer.refused, None, 0, len(answer.citations))
    text = strip_markers(answer.answer)
    cited = [citation.text for citation in answer.citations if len(citation.text) <= LONGEST_PARAGRAPH]
    evidence = holds_evidence(question, cited)
    checks = {
        "refused": not answer.refused,
        "too long": len(text) <= LONGEST.get(question.category, LONGEST_OTHERWISE),
        "figure missing": all(any(occurs(a, text) for a in alternatives) for alternatives in question.answers),
        "figure of another year or place": not any(occurs(figure, text) for figure in question.forbidden),
        "evidence not cited": evidence,
    }
    why = tuple(name for name, passed in checks.items() if not passed)
    useful = sum(_supports(question, paragraph) for paragraph in cited)
    return Verdict(not why, why, answer.refused, evidence, useful, len(answer.citations))


def holds_evidence(question: Question, paragraphs: Sequence[str]) -> bool:
    """Whether the snippets of the question stand in the paragraphs: each one, or one if any is enough."""
    folded = [norm(paragraph) for paragraph in paragraphs]
    found = [any(norm(e.snippet) in paragraph for paragraph in folded) for e in question.evidence]
    return all(found) if question.evidence_mode == "all" else any(found)


def _supports(question: Question, paragraph: str) -> bool:
    folded = norm(paragraph)
    return any(norm(evidence.snippet) in folded for evidence in question.evidence)


def recall_at(ranked: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Share of the relevant ids among the first `k`. `ranked` holds distinct ids, `relevant` at least one."""
    return len(set(ranked[:k]) & set(relevant)) / len(set(relevant))


def hit_at(ranked: Sequence[str], relevant: Collection[str], k: int) -> float:
    """1 when a relevant id is among the first `k`, else 0."""
    return float(not set(relevant).isdisjoint(ranked[:k]))


def reciprocal_rank(ranked: Sequence[str], relevant: Collection[str], k: int = 10) -> float:
    """1 / rank of the first relevant id within the first `k`, else 0."""
    wanted = set(relevant)
    return next((1 / rank for rank, id_ in enumerate(ranked[:k], 1) if id_ in wanted), 0.0)


def ndcg_at(ranked: Sequence[str], gains: Mapping[str, float], k: int = 10) -> float:
    """Discounted gain of the first `k` over that of the best order, with linear gains as trec_eval has them:
    sum of gain(i) / log2(i + 1). `gains` holds at least one gain above 0.
    """

    def discounted(values: Sequence[float]) -> float:
        return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(values, 1))

    reached = discounted([gains.get(id_, 0) for id_ in ranked[:k]])
    return reached / discounted(sorted(gains.values(), reverse=True)[:k])
