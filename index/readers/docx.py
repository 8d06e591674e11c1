"""Word documents: paragraphs, headings, list items and tables of the body in order.

Read from the XML itself: accepted insertions, content controls and text boxes hold text that object models leave out.
Headers, footers, comments, deleted text and what does not show (hidden, white on white, as small as a dot) are not
read. Spans count characters of the text made here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from index.errors import SourceError
from index.readers.archive import member_bytes, opened
from index.readers.plain import Piece, in_lines, joined, render, sentences

Element = Any  # lxml has no types of its own
_Looks = dict[str, Element]  # the properties that tell whether text shows, by name
_Sight = Literal["seen", "unread", "gone"]  # of a run: what it holds beside its text, boxes, may be seen all the same
_SightOf = Callable[[Element], _Sight]

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_RUN = f"{_W}r"
_SEEN = {f"{_W}{name}" for name in ("vanish", "sz", "color", "shd", "highlight")}
_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_LOOSE = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_HEADING = re.compile(r"(?:heading|标题)\s*([1-9])", re.I)
_SKIPPED = {
    "del", "moveFrom", "instrText", "delText", "rPr", "pPr", "commentReference", "footnoteReference", "rt", "Fallback",
}  # fmt: skip
_TEXTS = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_SAVED, _DEEP = "请用 Word 打开并另存后再试。", "文档的嵌套太深。"
DEEPEST = 60  # nested tables and content controls
SMALLEST = 3  # half-points of a character that can still be read
NEAR = 25  # of 255: two colours that differ no more in any channel look the same
_WHITE = 0xFFFFFF
_HEX = re.compile(r"[0-9A-Fa-f]{6}")


@dataclass(slots=True)
class _Style:
    name: str
    parent: str | None
    level: int | None  # of its outline, from 0
    listed: bool
    looks: _Looks


@dataclass(slots=True)
class _Body:
    styles: dict[str, _Style]
    defaults: _Looks = field(default_factory=dict)  # what no style changes
    usual: str = ""  # the style of paragraphs that name none
    styled: dict[str, _Looks] = field(default_factory=dict)  # by style, with those that it is based on
    painted: bool = False  # the pages have a colour of their own
    pieces: list[Piece] = field(default_factory=list)
    title: str = ""
    boxed: int = 0  # boxes and cells around the current place: their ground is not known


def read(data: bytes) -> dict[str, object]:
    """The plain text of a document. Raises SourceError when it is locked, damaged or not a Word document."""
    with opened(data) as archive:
        names = set(archive.namelist())
        if "word/document.xml" not in names:
            raise SourceError("不是 Word 文档（没有 word/document.xml）。", "请另存为 .docx。")
        document = _parse(member_bytes(archive, "word/document.xml"))
        styles = _parse(member_bytes(archive, "word/styles.xml")) if "word/styles.xml" in names else None
    body = _Body(_styles(styles)) if styles is not None else _Body({})
    if styles is not None:
        body.defaults = _looks(styles.find(f"{_W}docDefaults/{_W}rPrDefault/{_W}rPr"))
        body.usual = next((name for name in map(_usual, styles.iter(f"{_W}style")) if name), "")
    body.painted = document.find(f"{_W}background") is not None
    root = document.find(f"{_W}body")
    if root is not None:
        _blocks(root, body, 0)
    return {"text": render(body.pieces, body.title)}


def _parse(data: bytes) -> Element:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        root = etree.fromstring(data.replace(_STRICT, _LOOSE), parser)
    except etree.XMLSyntaxError as error:
        raise SourceError("文档内容已损坏。", _SAVED) from error
    if root.getroottree().docinfo.doctype:  # Word writes none; entities are what attacks are made of
        raise SourceError("文档含有 DTD 声明，拒绝读取。", _SAVED)
    return root


def _value(element: Element | None) -> str:
    return (element.get(f"{_W}val") or "") if element is not None else ""


def _styles(root: Element) -> dict[str, _Style]:
    return {
        style.get(f"{_W}styleId") or "": _Style(
            name=_value(style.find(f"{_W}name")),
            parent=_value(style.find(f"{_W}basedOn")) or None,
            level=_level(style.find(f"{_W}pPr")),
            listed=_listed(style.find(f"{_W}pPr")) is True,
            looks=_looks(style.find(f"{_W}pPr")) | _looks(style.find(f"{_W}rPr")),
        )
        for style in root.iter(f"{_W}style")
    }


def _usual(style: Element) -> str:
    """The id of a style when paragraphs have it that name none."""
    usual = style.get(f"{_W}type") == "paragraph" and style.get(f"{_W}default") in ("1", "true", "on")
    return (style.get(f"{_W}styleId") or "") if usual else ""


def _level(properties: Element | None) -> int | None:
    value = _value(properties.find(f"{_W}outlineLvl")) if properties is not None else ""
    return int(value) if value.isascii() and value.isdigit() else None


def _listed(properties: Element | None) -> bool | None:
    """Whether the properties number a paragraph; None where they do not say."""
    number = properties.find(f"{_W}numPr/{_W}numId") if properties is not None else None
    return _value(number) != "0" if number is not None else None


def _chain(styles: dict[str, _Style], name: str | None) -> Iterator[_Style]:
    """A style and those it is based on."""
    seen: set[str] = set()
    while name and name in styles and name not in seen:
        seen.add(name)
        yield styles[name]
        name = styles[name].parent


def _blocks(parent: Element, body: _Body, depth: int) -> None:
    from lxml import etree

    if depth > DEEPEST:
        raise SourceError(_DEEP, _SAVED)
    for element in parent:
        name = etree.QName(element).localname if isinstance(element.tag, str) else ""
        if name == "p":
            _paragraph(element, body)
        elif name == "tbl":
            body.pieces += [Piece(line) for line in sentences(_grid(element, body))]
        elif name in ("sdt", "sdtContent", "customXml", "ins", "smartTag", "moveTo"):
            _blocks(element, body, depth + 1)


def _paragraph(element: Element, body: _Body) -> None:
    boxes: list[Element] = []
    text = "".join(_texts(element, boxes, _sight_of(element, body)))
    properties = element.find(f"{_W}pPr")
    chain = list(_chain(body.styles, _value(properties.find(f"{_W}pStyle")) if properties is not None else None))
    named = [style.name.lower() for style in chain]
    if not body.title and any(name in ("title", "标题") for name in named) and not body.pieces:
        body.title = joined(text)
    elif level := _heading(properties, chain):
        body.pieces.append(Piece(joined(text), level))
    else:
        listed = _listed(properties)
        if listed is None:
            listed = any(style.listed for style in chain)
        body.pieces.append(Piece(in_lines(text), item=listed))
    body.boxed += 1
    for box in boxes:
        _blocks(box, body, DEEPEST - 5)
    body.boxed -= 1


def _sight_of(paragraph: Element, body: _Body) -> _SightOf:
    """Tells whether the runs of this paragraph are seen."""
    own = paragraph.find(f"{_W}pPr")
    named = _value(own.find(f"{_W}pStyle")) if own is not None else ""
    around = body.defaults | _styled(body, named or body.usual) | _looks(own)
    plain = not (body.boxed or body.painted)
    usual = _sight(around, plain=plain)

    def sight(run: Element) -> _Sight:
        given = run.find(f"{_W}rPr")
        if given is None:
            return usual
        style = _value(given.find(f"{_W}rStyle"))
        return _sight(around | _styled(body, style) | _looks(given), plain=plain)

    return sight


def _looks(properties: Element | None) -> _Looks:
    """What properties of characters, or of a paragraph, say of how text looks."""
    return {child.tag: child for child in properties if child.tag in _SEEN} if properties is not None else {}


def _styled(body: _Body, name: str) -> _Looks:
    """What a style says with those that it is based on."""
    if name not in body.styled:
        looks: _Looks = {}
        for style in _chain(body.styles, name):
            looks = style.looks | looks
        body.styled[name] = looks
    return body.styled[name]


def _sight(looks: _Looks, *, plain: bool) -> _Sight:
    """Whether text that looks so is seen; `plain` where it stands on the paper."""
    vanish, size = looks.get(f"{_W}vanish"), _value(looks.get(f"{_W}sz"))
    if vanish is not None and _value(vanish) not in ("0", "false", "off"):
        return "gone"
    if size.isascii() and size.isdigit() and int(size) < SMALLEST:
        return "unread"
    ink = _value(looks.get(f"{_W}color"))
    if not _HEX.fullmatch(ink):  # automatic: black, or white where the ground is dark
        return "seen"
    ground = _ground(looks.get(f"{_W}shd"), looks.get(f"{_W}highlight"), plain=plain)
    if ground is None:
        return "seen"
    apart = max(abs((int(ink, 16) >> shift & 255) - (ground >> shift & 255)) for shift in (16, 8, 0))
    return "unread" if apart <= NEAR else "seen"


def _ground(shade: Element | None, highlight: Element | None, *, plain: bool) -> int | None:
    """The colour behind a text; None where it cannot be told."""
    if _value(highlight) not in ("", "none", "white"):
        return None
    if _value(highlight) == "white":
        return _WHITE
    fill = (shade.get(f"{_W}fill") or "") if shade is not None else ""
    if shade is not None and _value(shade) not in ("clear", "nil", ""):
        return None  # a pattern
    if _HEX.fullmatch(fill):
        return int(fill, 16)
    return _WHITE if plain else None


def _heading(properties: Element | None, chain: list[_Style]) -> int:
    """The level of a heading from 1, or 0."""
    levels = [level for level in (_level(properties), *(style.level for style in chain)) if level is not None]
    if levels:
        return levels[0] + 1 if levels[0] < 9 else 0  # 9 is body text
    found = next((match for style in chain if (match := _HEADING.fullmatch(style.name.strip()))), None)
    return int(found[1]) if found else 0


def _texts(element: Element, boxes: list[Element], sight_of: _SightOf, depth: int = 0) -> Iterator[str]:
    """The text of a paragraph as it is printed, without the runs that are not seen; text boxes in it go to `boxes`."""
    from lxml import etree

    if depth > DEEPEST:
        raise SourceError(_DEEP, _SAVED)
    for child in element:
        if not isinstance(child.tag, str):
            continue
        name = etree.QName(child).localname
        sight = sight_of(child) if child.tag == _RUN else "seen"
        if name in _SKIPPED or sight == "gone":
            continue
        own = _own_text(child, name)
        if own is not None:
            yield own
        elif name == "txbxContent":
            boxes.append(child)
        else:
            inside = _texts(child, boxes, sight_of, depth + 1)
            yield from inside if sight == "seen" else [text for text in inside if not text]


def _own_text(element: Element, name: str) -> str | None:
    """What an element that stands for text prints; None for one that holds others."""
    if not element.tag.startswith(_W):
        return None
    if name == "t":
        return element.text or ""
    if name not in _TEXTS:
        return None
    return "" if element.get(f"{_W}type") in ("page", "column") else _TEXTS[name]


def _grid(table: Element, body: _Body) -> list[list[str]]:
    """The cells of a table; one that spans rows or columns stands in each of them."""
    grid: list[list[str]] = []
    body.boxed += 1
    for row in table.iter(f"{_W}tr"):
        if next(row.iterancestors(f"{_W}tbl"), None) is not table:
            continue  # of a table in a cell: its text is part of that cell
        line: list[str] = []
        for cell in row.iter(f"{_W}tc"):
            if next(cell.iterancestors(f"{_W}tr"), None) is not row:
                continue
            text = joined("\n".join("".join(_texts(p, [], _sight_of(p, body))) for p in cell.iter(f"{_W}p")))
            merged = cell.find(f"{_W}tcPr/{_W}vMerge")
            if merged is not None and _value(merged) != "restart" and grid and len(line) < len(grid[-1]):
                text = grid[-1][len(line)]
            span = _value(cell.find(f"{_W}tcPr/{_W}gridSpan"))
            line += [text] * (max(1, min(100, int(span))) if span.isascii() and span.isdigit() else 1)
        grid.append(line)
    body.boxed -= 1
    return grid
