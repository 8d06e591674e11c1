"""Sentences and clauses of a paragraph, as spans that cover it."""

from __future__ import annotations

import itertools
import re

from index.types import Span

SHORTEST_CLAUSE = 6  # characters; a shorter piece belongs to the clause before it
_SENTENCE = re.compile(r"[^。！？!?；;]*[。！？!?；;]+[”’」』)）]*|[^。！？!?；;]+$")
_COMMA = re.compile(r"[，](?!\d{3}(?!\d))|,(?!\d{3}(?!\d))")
_PAIRS = ("“”", "（）", "()", "《》", "「」")
_FIGURE = re.compile(r"(?:^|、)(?>[^、]*?[\u4e00-\u9fff]{2})[^、]*\d")  # a name and its figure; the first name decides
# Words that open a clause without a subject of its own: it speaks of what the clause before named.
_DEPENDENT = re.compile(
    r"(?<!\s)\s*+(?:[同环]比|[比较][上去]年|增[长幅速至]|[下上][降升]|降至|提高|[高低]于|(?:达到?|超过)(?=\s*\d)|[占居列且]|[位排][居列名第]|其中|分别"
    r"|预计(?=[达完实为超])|总(?:投资|[数量额])|带动|覆盖率|注册资本|成为|约?为(?=[全约])|并(?![购网])|以及|(?:实现了?)?翻番)"
)


def sentences(text: str) -> list[Span]:
    """Spans of the sentences, closing quotes included; together they cover `text`."""
    spans: list[Span] = []
    for match in _SENTENCE.finditer(text):
        if match.end() > match.start():
            spans.append(match.span())
    return spans


def _open_pairs(counts: dict[str, int], piece: str) -> bool:
    """Add the quotes and brackets of `piece` to `counts`; whether one is still open."""
    for pair in _PAIRS:
        counts[pair] = counts.get(pair, 0) + piece.count(pair[0]) - piece.count(pair[1])
    return any(n > 0 for n in counts.values())


def clauses(text: str, span: Span | None = None) -> list[Span]:
    """Spans of the clauses of `text` (or of its part `span`): cut at commas outside quotes and brackets, where both
    sides can stand alone. Together they cover the sentences."""
    out: list[Span] = []
    for start, end in sentences(text) if span is None else [span]:
        cuts, seen = [start], start
        counts: dict[str, int] = {}
        last = start + len(text[start:end].rstrip("。；;！？!?”")) - SHORTEST_CLAUSE
        for comma in _COMMA.finditer(text, start, end):
            cut = comma.end()
            inside = _open_pairs(counts, text[seen:cut])
            seen = cut
            if not inside and cuts[-1] + SHORTEST_CLAUSE < cut <= last and not _DEPENDENT.match(text, cut):
                cuts.append(cut)
                counts = {}
        for a, b in itertools.pairwise([*cuts, end]):
            out += _enumerated(text, a, b)
    return out


def _enumerated(text: str, start: int, end: int) -> list[Span]:
    """A clause cut at its 、 where each part states a figure of its own: “瞪羚企业3家、专精特新企业15家”."""
    if "、" not in text[start:end] or any(p[0] in text[start:end] for p in _PAIRS):
        return [(start, end)]
    commas = [m.end() for m in re.finditer("、", text[start:end])]
    bounds = [start, *(start + c for c in commas), end]
    parts = list(itertools.pairwise(bounds))
    alone = all(
        _FIGURE.search(text[a:b])
        and len(text[a:b].strip("、，,。；;")) >= SHORTEST_CLAUSE
        and not _DEPENDENT.match(text[a:b])
        for a, b in parts
    )
    return parts if alone else [(start, end)]
