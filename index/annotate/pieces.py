"""A clause in pieces, one a figure: where its own words begin and end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.text.lexicon import any_of, rows, terms
from index.text.quantities import Quantity, quantities

_ENCLOSED = re.compile(r"[“‘《（(「][^”’》）)」]{0,120}[”’》）)」]")
_COMMA = re.compile(r"[，。；：;:？！?!\s]|,(?!\d{3}(?!\d))")
_WORDS = {
    class_: any_of(terms(rows("change.tsv"), class_))
    for class_ in ("up", "raise", "down", "lower", "turn", "new", "reach", "pace")
}
_DOWN = "{down}|{lower}".format(**_WORDS)
_RISES = "{up}|{raise}".format(**_WORDS)
_PACE = rf"(?:{_WORDS['pace']}|[比较](?:[上去]年|\d{{4}}年)|连续\d+年)"  # how a change is told, and since when
TAIL = re.compile(
    rf"{_PACE}{{0,8}}(?:(?P<reach>(?:{_RISES}|{_DOWN}|{_WORDS['turn']})[到至]|{_WORDS['reach']})"
    rf"|(?P<growth>(?P<down>{_DOWN})|{_RISES})|(?P<new>{_WORDS['new']}))"
    rf"(?:了|率|达到?|为|幅度|超)?{_PACE}{{0,8}}(?:[^\u4e00-\u9fff])?$|{_PACE}{{1,8}}$"
)
REACHES = frozenset(terms(rows("change.tsv"), "reach"))
DONE_TO = re.compile("{raise}|{lower}".format(**_WORDS))  # verbs that with a count say what was done: 提升9所学校
_MONEY = ("元", "美元", "欧元")
_SIZE = re.compile(r"(?:级)?(?:以上)?的?(?=[\u4e00-\u9fff“])(?!的|地|左右|以[上下内])")
_NOT_COUNTED = re.compile("[月字]|季度")


@dataclass(frozen=True, slots=True)
class Piece:
    """A quantity with the texts before and behind it that are its own; `joined` when it goes on a list."""

    quantity: Quantity
    since: int  # where the words of the piece before end
    left: int
    right: int
    joined: bool


def pieces_of(text: str) -> list[Piece]:
    """One piece for each figure in `text` that states something of its own."""
    masked = masked_text(text)
    return _pieces(masked, _counted(text, masked, quantities(text)))


def masked_text(text: str) -> str:
    """`text` with everything in quotes and brackets blotted out, so that no cut falls there."""
    return _ENCLOSED.sub(lambda m: m[0][0] + "□" * (len(m[0]) - 2) + m[0][-1], text)


def last_part(text: str) -> str:
    """The clause after the last comma that is not at the end."""
    cuts = [m.end() for m in _COMMA.finditer(masked_text(text).rstrip("，。；、,; "))]
    return text[cuts[-1] if cuts else 0 :].strip("，。；、,; ")


def _counted(text: str, masked: str, found: Sequence[Quantity]) -> list[Quantity]:
    """Without sums that only give the size of something counted in its turn: 过30亿元项目5个, 100亿元以上企业3家."""
    kept = []
    for i, quantity in enumerate(found):
        after = found[i + 1] if i + 1 < len(found) else None
        if quantity.base_unit in _MONEY and _SIZE.match(text, quantity.end) and after is not None:
            gap = masked[quantity.after : after.before]
            if (
                len(gap) >= 2
                and not re.search(r"[的，。；、,;]", gap)
                and (quantity.qualifier in ("over", "at_least") or text.startswith("级", quantity.end))
            ):
                continue
        if text.startswith("级", quantity.end) or _NOT_COUNTED.match(text, quantity.end):
            continue
        kept.append(quantity)
    return kept


def _pieces(masked: str, found: Sequence[Quantity]) -> list[Piece]:
    """One piece a quantity, cut where one figure's words end and the next one's begin."""
    pieces = []
    since, left, joined = 0, 0, False
    for i, quantity in enumerate(found):
        ahead = [m.end() for m in _COMMA.finditer(masked, left, quantity.before)]
        if ahead:
            left, joined = ahead[-1], False
        if i + 1 < len(found):
            right, following, goes_on = _cut(masked, quantity, found[i + 1].before)
        else:
            comma = _COMMA.search(masked, quantity.after)
            right, following, goes_on = (comma.start() if comma else len(masked)), len(masked), False
        pieces.append(Piece(quantity, since, left, right, joined))
        since, left, joined = right, following, goes_on
    return pieces


def _cut(masked: str, first: Quantity, end: int) -> tuple[int, int, bool]:
    """Where between two figures the first one's words end, where the second one's begin, and whether it is a list."""
    start = first.after
    gap = masked[start:end]
    if comma := _COMMA.search(gap):
        return start + comma.start(), start + comma.end(), False
    if joint := re.match(r"以及|[、和与及]", gap):
        return start, start + joint.end(), True
    joints = list(re.finditer("、", gap)) or [m for m in re.finditer(r"和|与|及", gap) if m.end() == len(gap)]
    if joints:
        return start + joints[-1].start(), start + joints[-1].end(), True
    tail = TAIL.search(gap)
    if tail and tail.start() == 0 and (tail["growth"] or tail["reach"]):
        return start, start, False  # 零售总额2.76万亿元增长6.1%
    if tail and tail.start() >= 2 and not gap.startswith("的"):
        return start + tail.start(), first.start, False  # 30户以上自然村通硬化路比例达78%
    return end, end, gap in ("", "的")


def runs_of(text: str, pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The figures that follow each other with nothing between but a comma or 和: 26座、33座."""
    runs: list[list[Piece]] = []
    for piece in pieces:
        last = runs[-1][-1].quantity if runs else None
        if last and re.fullmatch(r"[、和与及，,]|以及", text[last.after : piece.quantity.before]):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return [run for run in runs if len(run) > 1]
