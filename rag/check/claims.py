"""Whether the reports bear out a sentence that an answerer worded itself.

A sentence is read clause by clause. Each of its figures must stand in a clause of a cited paragraph that speaks of the
place, year and kind which the question asks for and the sentence claims, and of the same thing; most of its words must
be those of a cited paragraph. Of an English sentence the words cannot be compared, so each clause must state a figure
or quote the Chinese. What cannot be checked is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from index.search.filter import Filter, Subject
from index.text.lexicon import any_of, rows
from index.text.modality import SAID
from index.text.normalize import fold
from index.text.orders import instructs
from index.text.places import find_places, lookup
from index.text.polarity import DENIES
from index.text.times import find_times
from index.types import Context, Kind, Paragraph, Passage
from rag.check.numbers import Figure, figures, years
from rag.types import Dropped, Grounded, Query, Sentence, Statement
from rag.understand.asked import pairs
from rag.understand.english import chinese_cues, is_english, uncovered_names

if TYPE_CHECKING:
    from index.storage.store import Store

COVERED = 0.6  # share of a clause's pairs of characters that a cited paragraph must have
_MARKUP = re.compile(
    r"[<>`|{}\[\]\\]|!\(|\*\*|__|://|www\.|[\w-]\.(?:com|cn|net|org|io|example)\b|data:|javascript:", re.I
)
_ENGLISH_RELATIVE = r"\b(?:this|last|next) year\b"
_ENGLISH_PROMISED, _ENGLISH_REACHED = (
    r"\b(?:target|plan|aim|goal|expect|will)",
    r"\b(?:achieved|completed|reached|actual)",
)
_RELATIVE = re.compile(rf"[今本去上前明后]一?年|新的一年|{_ENGLISH_RELATIVE}", re.I)
_QUOTED = re.compile(r"“([^“”]*)”|「([^「」]*)」|\"([^\"]*)\"")
_CLAUSE = re.compile(r"[，；;：:。！？!?]|,(?!\d)")
_PROMISED = re.compile(rf"目标|计划|{SAID['target'].pattern}|{_ENGLISH_PROMISED}", re.I)
_REACHED = re.compile(rf"[成现到]了|已|实际|累计|达成|{_ENGLISH_REACHED}", re.I)
_ADDED = re.compile(r"新|增(?![长速幅])")
# Words that stand in every clause of a report, whatever it is about: how much, how far, who says so.
_BOUNDS = any_of(row["term"] for row in rows("bounds.tsv") if len(row["term"]) > 1)
_GENERIC = re.compile(
    rf"{_BOUNDS}|{SAID['target'].pattern}|目标|计划|预计|完成|实现|增[长加]|新增|提[高出]|下降|全[年市区省县]|主要|其中|同时"
    r"|根据|按照|资料|报告|显示|指出|[了的为是年约达]"
)
_TOTAL = re.compile(r"总|累计|达到|共有")
_ENGLISH_LEAD = re.compile(
    r"\s?(?:according to|based on|as stated in) [\w\s]{0,40}|\s?(?:in|by|for|during) [\d\s年–—-]{4,12}", re.I
)


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the sentence has said so far of whom and when it speaks; empty: nothing."""

    places: frozenset[str] = frozenset()
    years: frozenset[int] = frozenset()
    periods: frozenset[tuple[int, int]] = frozenset()
    kind: Kind | None = None

    def heard(self, clause: str, store: Store) -> _Claim:
        """The claim after one more clause: what it says anew replaces what was said."""
        times = find_times(clause, None)
        periods = frozenset(t.period for t in times if t.period)
        own_years = frozenset(t.year for t in times if t.year)
        promised, reached = bool(_PROMISED.search(clause)), bool(_REACHED.search(clause))
        kind: Kind | None = None if promised == reached else "target" if promised else "result"
        timed = bool(own_years or periods)
        return _Claim(
            _named(clause, store) or self.places,
            own_years if timed else self.years,
            periods if timed else self.periods,
            kind or (None if promised else self.kind),
        )

    def fits(self, context: Context, source: str) -> bool:
        """Whether what `source` says in `context` may bear the claim out; places that it names itself are its own."""
        elsewhere = {place for place in self.places if place not in source}
        timed = bool(self.years or self.periods)
        return (
            (not elsewhere or context.place in self.places)
            and (not timed or context.year in self.years or context.period in self.periods)
            and Filter(kind=self.kind).admits(Subject(context))
        )


class Refuted(Exception):
    """A sentence cannot be shown; the message says why."""


def judged(sentence: Sentence, query: Query, store: Store, retrieved: Collection[str]) -> Grounded | Dropped:
    """The sentence with the clauses that bear it out, or the reason why it may not be shown.

    `retrieved` are the ids of the paragraphs that the answerer was given.
    """
    try:
        return _Judge(sentence, query, store, retrieved).verdict()
    except Refuted as reason:
        return Dropped(sentence.text, str(reason))


class _Judge:
    def __init__(self, sentence: Sentence, query: Query, store: Store, retrieved: Collection[str]) -> None:
        self.text = sentence.text.strip()
        self.query, self.store = query, store
        self.cited = _paragraphs(sentence.cites, store, retrieved)
        self.passages = [p for paragraph in self.cited for p in store.passages_of(paragraph.id)]
        self.evidence: dict[str, Passage] = {}

    def _admits(self, passage: Passage) -> bool:
        return self.query.filter.admits(self.store.subject(passage))

    def verdict(self) -> Grounded:
        self._form()
        self._quotes()
        self._named_years()
        claim = _Claim()
        for clause in filter(str.strip, _CLAUSE.split(fold(self.text))):
            claim = claim.heard(self._in_chinese(clause), self.store)
            found = figures(clause)
            for figure in found:
                self._keep(self._bearing(figure, clause, claim))
            if self.query.english:
                self._quoting(clause, claim, bool(found))
            else:
                self._worded(clause, claim, bool(found))
        if not self.evidence:
            raise Refuted("没有可核对的内容")
        return Grounded(self.text, tuple(_statement(p) for p in self.evidence.values()))

    def _in_chinese(self, clause: str) -> str:
        """An English clause with its places, years and kinds in Chinese. Raises Refuted for a place not covered."""
        if not self.query.english:
            return clause
        said = chinese_cues(clause, self.store.coverage.places)
        if uncovered_names(said, clause):
            raise Refuted("地区、年份或性质不合")
        return said

    def _form(self) -> None:
        if any(ord(c) < 32 for c in self.text) or _MARKUP.search(self.text):
            raise Refuted("含有标记或链接")
        if any(map(instructs, (self.text, *(p.text for p in self.cited)))):
            raise Refuted("含有对模型的指令")
        if is_english(self.text) != self.query.english:
            raise Refuted("语言与问题不同")
        if _RELATIVE.search(self.text):
            raise Refuted("没有写明年份")

    def _quotes(self) -> None:
        sources = [_unspaced(p.text) for p in self.cited]
        for match in _QUOTED.finditer(self.text):
            words = _unspaced(next(g for g in match.groups() if g is not None))
            if not any(words in source for source in sources):
                raise Refuted("引号里的话不是原文")
        if len(re.findall("[“”]", _QUOTED.sub("", self.text))):
            raise Refuted("引号里的话不是原文")

    def _named_years(self) -> None:
        """A year in the sentence is one that its paragraphs speak of."""
        contexts = {*(p.context for p in self.passages), *(p.context for p in self.cited)}
        known = {y for c in contexts for y in (c.year, *(c.period or ())) if y}
        if not years(self.text) <= known.union(*(years(p.text) for p in self.cited)):
            raise Refuted("年份不在所引段落")

    def _bearing(self, figure: Figure, clause: str, claim: _Claim) -> Passage:
        """The clause that states `figure`, of the asked and the claimed place, year and kind, about the same thing."""
        stating = [p for p in self.passages if any(figure.states(f) for f in figures(p.text))]
        if not stating:
            raise Refuted("数字不在所引段落")
        fitting = [p for p in stating if self._admits(p) and claim.fits(p.context, p.text)]
        if not fitting:
            raise Refuted("地区、年份或性质不合")
        said = _pairs(self.text) | _pairs(clause)
        alike = [p for p in fitting if self.query.english or _alike(said, clause, p, self.store)]
        if not alike:
            raise Refuted("所引数字说的是另一件事")
        return max(alike, key=lambda p: len(said & _pairs(p.text)))

    def _worded(self, clause: str, claim: _Claim, figured: bool) -> None:
        """Most of a clause's words are those of one cited paragraph (beside a figure, of the question too), and it
        denies nothing that the paragraph does not deny."""
        said = _pairs(clause)
        if not said:
            return
        fitting = [p for p in self.passages if self._admits(p) and claim.fits(p.context, p.text)]
        if not fitting:
            raise Refuted("地区、年份或性质不合")
        best = max(fitting, key=lambda p: (len(said & self._words(p)), len(said & _pairs(p.text))))
        lent = self.query.asked.pairs if figured else frozenset()
        if len(said & (self._words(best) | lent)) < COVERED * len(said):
            raise Refuted("所引段落没有这样说")
        source = self.store.paragraph(best.paragraph_id).text
        if any(m[0] not in source for m in DENIES.finditer(clause)):
            raise Refuted("所引段落没有否定")
        held = any(p.paragraph_id == best.paragraph_id for p in self.evidence.values())
        if said & _pairs(best.text) and not held:
            self._keep(best)

    def _quoting(self, clause: str, claim: _Claim, figured: bool) -> None:
        """An English clause states a figure or quotes the Chinese, unless it only leads to one that does."""
        quotes = [_unspaced(next(g for g in m.groups() if g is not None)) for m in _QUOTED.finditer(clause)]
        if not (figured or quotes or _ENGLISH_LEAD.fullmatch(clause)):
            raise Refuted("英文句子里有无法核对的话")
        for words in quotes:
            fitting = [p for p in self.passages if self._admits(p) and claim.fits(p.context, p.text)]
            quoted = next((p for p in fitting if words in _unspaced(p.text)), None)
            if quoted is None:
                raise Refuted("地区、年份或性质不合")
            self._keep(quoted)

    def _words(self, passage: Passage) -> frozenset[str]:
        paragraph = self.store.paragraph(passage.paragraph_id)
        return _all_pairs(f"{passage.header}\n{paragraph.text}")

    def _keep(self, passage: Passage) -> None:
        self.evidence.setdefault(passage.id, passage)


def _paragraphs(cites: Sequence[str], store: Store, retrieved: Collection[str]) -> list[Paragraph]:
    """The cited paragraphs. Raises Refuted when there is none, or one was not retrieved or cannot be cited."""
    if not cites:
        raise Refuted("没有注明出处")
    found = []
    for cited in dict.fromkeys(cites):
        paragraph = store.paragraph(cited) if cited in retrieved else None
        if paragraph is None or not paragraph.citable:
            raise Refuted("所注出处不存在")
        found.append(paragraph)
    return found


def _statement(passage: Passage) -> Statement:
    return Statement(passage.paragraph_id, passage.start, passage.end, passage.text, passage.context)


def _named(clause: str, store: Store) -> frozenset[str]:
    """The places that a clause names, as the reports call them."""
    covered = store.coverage.places
    codes = {place.code: name for name in covered if (place := lookup(name))}
    mentions = find_places(clause, frozenset(covered))
    return frozenset(codes.get(m.place.code, clause[m.start : m.end]) for m in mentions)


def _unspaced(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _alike(said: frozenset[str], clause: str, passage: Passage, store: Store) -> bool:
    """Whether the sentence and the clause behind a figure share a word, as far as both have words of their own; what is
    said to be added must be called so."""
    paragraph = store.paragraph(passage.paragraph_id)
    around = passage.text if _TOTAL.search(passage.text) else paragraph.text
    if _ADDED.search(clause) and not _ADDED.search(around):
        return False
    heading = paragraph.section[-1:]
    own = _pairs(passage.text)
    telling = said - _all_pairs(" ".join(store.coverage.places))
    return not own or not telling or bool(telling & (own | _pairs("".join(heading))))


@lru_cache(maxsize=8192)
def _pairs(text: str) -> frozenset[str]:
    """Pairs of neighbouring Chinese characters, without figures and what any clause has."""
    folded = fold(text)
    for figure in reversed(figures(text)):
        folded = folded[: figure.start] + " " + folded[figure.end :]
    return _all_pairs(_GENERIC.sub(" ", folded))


_all_pairs = lru_cache(maxsize=8192)(pairs)
