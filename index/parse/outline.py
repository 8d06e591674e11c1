"""From raw lines to a report's outline: which blocks are headings, and what stands under what.

Nothing here knows a document. A heading is told by its form (numbering, marker, a bare short line) together with what
follows it; its level by what it interrupts and continues.
"""

from __future__ import annotations

import re
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from index.parse.block_types import is_agency, is_caption, is_date, is_furniture, names_an_era
from index.parse.front_matter import front_matter, links
from index.parse.lines import NUMBERINGS, Line, display_width, split_lines
from index.parse.unwrap import join_lines
from index.text.modality import labels
from index.types import Role, Span

LONGEST_BARE_HEADING = 45.0  # full-width characters
LONGEST_NUMBERED_HEADING = 60.0
LONGEST_MARKED_HEADING = 200.0  # all that stands under a heading is indexed with it
SHORTEST_TITLE = 5
_ENDS = re.compile(r"[。！？!?；;…][”’」』)）]*$")
_SEVERAL_SENTENCES = re.compile(r"^[^。！？]*+[。！？].*?[\u4e00-\u9fff].{5}", re.S)
# A figure makes a line a statement; a year, an ordinal and the number in “十大” or “8件实事”-like names do not tell.
_FIGURE = re.compile(r"\d[余多]?[%％万亿千百个家人件项处座所条套户辆亩米公平名场次张元]")
# Outermost first; None: told from the context alone.
_STYLES = [style for style, _ in NUMBERINGS]
_RANK = {style: rank for rank, style in enumerate(["#", "##", "###", "####", "#####", "######", "era", *_STYLES])}
_SECTION = _RANK[_STYLES[1]]  # of the last numbering that a bare heading never holds
_RUN_IN_STYLES = ("一、", "（一）", "1.")
_NOTES = re.compile(r"(?:注释?|名词解释)[:：]?")
_CLOSING = re.compile(r"各位代表|同志们|附件")
_LIST_STYLES = ("1.", "1 ", "(1)", "①", "[1]")
_PLAIN_BULLETS = "-*+•·"


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the outline before its context is known. `section` holds indices of the headings above it."""

    role: Role
    level: int | None
    text: str
    spans: tuple[Span, ...]
    section: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Draft:
    """Joined lines and the form of their first line."""

    text: str
    spans: tuple[Span, ...]
    marker: str | None
    style: str | None
    number: int | None

    @property
    def ends(self) -> bool:
        return _ENDS.search(self.text) is not None

    @property
    def running(self) -> bool:
        """Whether it reads as a paragraph: several sentences, or a long one."""
        return _SEVERAL_SENTENCES.search(self.text) is not None or (
            display_width(self.text) > LONGEST_BARE_HEADING and (self.ends or "，" in self.text or "," in self.text)
        )

    @property
    def bare(self) -> bool:
        return self.marker is None and self.style is None

    @property
    def key(self) -> str:
        """The style by which headings of one level recognise each other."""
        if (self.marker or "").startswith("#"):
            return str(self.marker)
        if self.style:
            return self.style
        if names_an_era(self.text):
            return "era"
        return self.marker or "bare"


def _draft(group: Sequence[Line]) -> _Draft:
    first = group[0]
    return _Draft(
        "".join(line.text for line in group),
        tuple(span for line in group for span in line.spans),
        first.marker,
        first.style,
        first.number,
    )


def _aside(draft: _Draft) -> Role | None:
    """Caption or furniture, which interrupt the text without being part of it."""
    if is_caption(draft.text) and not (draft.marker or "").startswith("#"):
        return "caption"
    if is_furniture(draft.text) or draft.text == "附件":
        return "furniture"
    return None


def _before_the_text(lines: Sequence[Line], title: tuple[int, int] | None) -> list[tuple[_Draft, Role]]:
    """What stands before the text, line by line: furniture but for the title, which is parted from its key."""
    found: list[tuple[_Draft, Role]] = []
    for i, line in enumerate(lines):
        draft = _draft([line])
        if title is None or i != title[0]:
            found.append((draft, "furniture"))
            continue
        key, value = _parted(draft, title[1])
        found += [(key, "furniture")] if key.text else []
        found.append((value, "title"))
    return found


def _offices(drafts: Sequence[_Draft], roles: list[Role | None]) -> None:
    """Mark the office that issued the document: its name stands alone beside the date."""
    for i, draft in enumerate(drafts):
        beside = [drafts[j].text for j in (i - 1, i + 1) if 0 <= j < len(drafts)]
        if draft.bare and is_agency(draft.text) and any(is_date(text) for text in beside):
            roles[i] = "furniture"


def _titles(drafts: Sequence[_Draft], roles: list[Role | None]) -> None:
    """Mark the title: the first heading-like lines before any text."""
    named = False
    for i, draft in enumerate(drafts):
        if roles[i] in ("furniture", "title"):
            continue
        hashes = draft.marker == "#"
        short = not draft.ends and display_width(draft.text) <= LONGEST_BARE_HEADING
        plain = draft.bare and short and not names_an_era(draft.text) and len(draft.text) >= SHORTEST_TITLE
        if roles[i] is None and ((hashes and not named) or (plain and not draft.text.endswith(("：", ":")))):
            roles[i] = "title"
            named = True
            if hashes:
                return
        else:
            return


def _is_numbered_heading(draft: _Draft, following: _Draft | None) -> bool:
    """A numbered line heads what follows unless the next number comes at once, or it is itself the paragraph."""
    if draft.running or display_width(draft.text) > LONGEST_NUMBERED_HEADING or following is None:
        return False
    return following.style != draft.style


def _is_bare_heading(drafts: Sequence[_Draft], here: int, order: Sequence[int]) -> bool:
    """A bare short line is a heading when what comes next is of a lower kind: bullets, running text, a list that
    starts at one. A line that states a figure is an item. `order` holds the positions that follow."""
    draft = drafts[here]
    if not order or not _short_and_open(draft):
        return False
    following = drafts[order[0]]
    if following.marker and following.style is None and not following.marker.startswith("#"):
        return not _FIGURE.search(draft.text) or following.marker == "-"
    if _FIGURE.search(draft.text):
        return False
    if following.bare:
        return _is_text(following, drafts[order[1]] if len(order) > 1 else None)
    return following.number == 1


def _short_and_open(draft: _Draft) -> bool:
    """Whether it has the form of a heading without a number: short, and not closed as a sentence is."""
    short = not draft.running and display_width(draft.text) <= LONGEST_BARE_HEADING
    return short and not draft.ends and not draft.text.endswith(("：", ":"))


def _is_text(draft: _Draft, after: _Draft | None) -> bool:
    """Whether a bare line is the text under a heading: sentences, or a figure over a list that starts at one."""
    if draft.ends or draft.running:
        return True
    return bool(_FIGURE.search(draft.text)) and after is not None and after.number == 1 and not after.running


def _next_entry(entry: _Draft, following: _Draft) -> bool:
    return following.style == entry.style and following.number == (entry.number or 0) + 1


def _role(drafts: Sequence[_Draft], here: int, order: Sequence[int], *, in_list: bool = False) -> Role:
    """Role of a block that is neither title, caption nor furniture; `order` holds the text blocks after it. With
    `in_list` it is the next entry right after an item of the same numbering."""
    draft = drafts[here]
    following = drafts[order[0]] if order else None
    if (draft.marker or "").startswith("#"):
        return "heading" if display_width(draft.text) <= LONGEST_MARKED_HEADING else "paragraph"
    if draft.style:
        return _numbered_role(draft, following, in_list=in_list)
    if draft.marker:
        return _bulleted_role(draft, following)
    return _bare_role(drafts, here, order)


def _numbered_role(draft: _Draft, following: _Draft | None, *, in_list: bool) -> Role:
    if not in_list and _is_numbered_heading(draft, following):
        return "heading"
    if not draft.running:
        return "item"
    goes_on = in_list or (following is not None and _next_entry(draft, following))
    return "item" if goes_on and draft.style in _LIST_STYLES else "paragraph"


def _bulleted_role(draft: _Draft, following: _Draft | None) -> Role:
    """A glyph that is more than a dash may head what follows; a sentence never does."""
    if draft.marker is None or draft.marker in _PLAIN_BULLETS or draft.ends or draft.running:
        return "item"
    return "heading" if following is not None and following.marker != draft.marker else "item"


def _bare_role(drafts: Sequence[_Draft], here: int, order: Sequence[int]) -> Role:
    """Role of a line without marker and numbering."""
    draft = drafts[here]
    if labels(draft.text):
        return "heading" if _NOTES.fullmatch(draft.text) else "paragraph"
    if (names_an_era(draft.text) and not draft.ends) or _is_bare_heading(drafts, here, order):
        return "heading"
    if draft.running or (draft.ends and not _in_run_of_short(drafts, here)) or draft.text.endswith(("：", ":")):
        return "paragraph"
    return "item"


def _in_run_of_short(drafts: Sequence[_Draft], here: int) -> bool:
    """Whether a short sentence stands beside another one: a list whose entries end with a full stop."""

    def short(i: int) -> bool:
        return 0 <= i < len(drafts) and drafts[i].bare and drafts[i].ends and display_width(drafts[i].text) <= 30

    return short(here) and (short(here - 1) or short(here + 1))


@dataclass(slots=True)
class _Path:
    """The headings above the current place, and the numbered sequences that were left open."""

    stack: list[tuple[str, int]] = field(default_factory=list)  # (style key, block index)
    left: list[tuple[str, int, list[tuple[str, int]]]] = field(default_factory=list)  # (style, last number, parents)

    def enter(self, draft: _Draft, index: int, *, content_under_top: bool) -> int:
        """Put the heading in its place and return its level."""
        key = draft.key
        keys = [k for k, _ in self.stack]
        if key in keys:
            del self.stack[keys.index(key) :]
        elif draft.number and draft.number > 1 and (parents := self._continued(key, draft.number)) is not None:
            self.stack = list(parents)
        else:
            self._make_room(key, content_under_top)
        if draft.number:
            self.left = [x for x in self.left if x[0] != key or x[2] != self.stack]
            self.left.append((key, draft.number, list(self.stack)))
        self.stack.append((key, index))
        return len(self.stack)

    def _continued(self, key: str, number: int) -> list[tuple[str, int]] | None:
        """Parents of the latest sequence of this style that `number` can continue."""
        for style, last, parents in reversed(self.left):
            if style == key and last < number:
                return parents
        return None

    def _make_room(self, key: str, content_under_top: bool) -> None:
        """Leave the headings that a new style does not stand under."""
        rank = _RANK.get(key)
        while self.stack:
            top = _RANK.get(self.stack[-1][0])
            if rank is not None and top is not None and top >= rank:
                self.stack.pop()
            elif rank is not None and top is None and rank <= _SECTION:
                self.stack.pop()  # a bare heading never holds a chapter
            elif rank is None and top is not None and top > _SECTION and content_under_top:
                self.stack.pop()  # a bare heading after the entries of a numbered one does not belong to it
            else:
                return


def _run_in(drafts: Sequence[_Draft]) -> list[_Draft]:
    """Drafts with each run-in heading (“（一）… 。…”) parted from its paragraph, in those numbered sequences most of
    whose members have more blocks hanging under them. One that only its last member has is followed by the text after
    the list, not by its own."""
    out: list[_Draft] = []
    hanging = _hanging(drafts)
    for i, draft in enumerate(drafts):
        cut = draft.text.find("。") + 1
        heads = hanging.get(i, False) and 0 < cut < len(draft.text)
        heads = heads and display_width(draft.text[:cut]) <= LONGEST_NUMBERED_HEADING
        out += _parted(draft, cut) if heads else [draft]
    return out


def _hanging(drafts: Sequence[_Draft]) -> dict[int, bool]:
    """For each numbered draft with something under it, whether most of its sequence has."""
    sequences: list[list[int]] = []
    waiting: dict[tuple[str, int], list[int]] = {}  # which sequences a style and number goes on; the latest comes last
    for i, draft in enumerate(drafts):
        if draft.style not in _RUN_IN_STYLES:
            continue
        number = draft.number or 0
        if open_ := waiting.get((draft.style, number)):
            turn = open_.pop()
            sequences[turn].append(i)
        else:
            turn = len(sequences)
            sequences.append([i])
        insort(waiting.setdefault((draft.style, number + 1), []), turn)
    found: dict[int, bool] = {}
    for members in sequences:
        under = {i: i + 1 < len(drafts) and _lower(drafts[i + 1], drafts[i]) for i in members}
        most = sum(under.values()) * 2 > len(members)
        found |= {i: most for i, has in under.items() if has}
    return found


def _lower(following: _Draft, draft: _Draft) -> bool:
    """Whether a block can hang under a numbered one: plain text, or a numbering that nests inside."""
    if following.bare:
        return _CLOSING.match(following.text) is None
    return _RANK.get(following.key, 0) > _RANK.get(draft.key, 0)


def _parted(draft: _Draft, cut: int) -> list[_Draft]:
    """A draft cut in two after `cut` characters; only the first keeps the numbering."""
    left: list[Span] = []
    right: list[Span] = []
    for a, b in draft.spans:
        middle = min(b, a + max(0, cut))
        cut -= b - a
        left += [(a, middle)] if middle > a else []
        right += [(middle, b)] if b > middle else []
    size = sum(b - a for a, b in left)
    return [
        _Draft(draft.text[:size], tuple(left), draft.marker, draft.style, draft.number),
        _Draft(draft.text[size:], tuple(right), None, None, None),
    ]


def outline(text: str) -> list[Block]:
    """The blocks of a report in reading order.

    Every character of `text` that shows and is not a list marker is in exactly one block, and a block's text is the
    joined text of its spans.
    """
    drafts, roles = _drafts(split_lines(text))
    flow = [i for i, role in enumerate(roles) if role is None]
    blocks: list[Block] = []
    path = _Path()
    position = 0
    content = False
    last_item: _Draft | None = None
    for i, draft in enumerate(drafts):
        known = roles[i]
        if known is None:
            position += 1
            entry = last_item is not None and _next_entry(last_item, draft)
            known = _role(drafts, i, flow[position : position + 2], in_list=entry)
            last_item = draft if known == "item" and draft.style else None
        block = Block(known, None, draft.text, draft.spans)
        if known == "heading":
            level = path.enter(draft, i, content_under_top=content)
            block = replace(block, level=level, section=tuple(n for _, n in path.stack[:-1]))
            content = False
        elif known != "title":
            content = content or known not in ("caption", "furniture")
            block = replace(block, section=_above(draft, known, path))
        blocks.append(block)
    return blocks


def _drafts(lines: Sequence[Line]) -> tuple[list[_Draft], list[Role | None]]:
    """The drafts of all blocks, and the roles of those that are told by their form and place alone."""
    front = front_matter(lines)
    before = _before_the_text(lines[: front.size], front.title)
    text = lines[front.size :]
    aside = links(text)
    groups: list[list[Line]] = []
    for linked, part in groupby(range(len(text)), key=aside.__contains__):
        lines = [text[i] for i in part]
        groups += [[line] for line in lines] if linked else join_lines(lines)
    drafts = _run_in([_draft(group) for group in groups])
    roles: list[Role | None] = [role for _, role in before]
    linked_spans = {text[i].spans for i in aside}
    roles += ["furniture" if draft.spans in linked_spans else _aside(draft) for draft in drafts]
    drafts = [*(draft for draft, _ in before), *drafts]
    _offices(drafts, roles)
    _titles(drafts, roles)
    return drafts, roles


def _above(draft: _Draft, role: Role, path: _Path) -> tuple[int, ...]:
    """Headings above a block. A numbered caption at the level of the numbered headings hangs beside them."""
    stack = path.stack
    if role == "caption" and draft.style:
        while stack and _RANK.get(stack[-1][0], 0) > _SECTION:
            stack = stack[:-1]
    return tuple(n for _, n in stack)
