"""HTML: the title and the main content of a page, without navigation, scripts and what else stands around it, and
without what does not show (`hidden.py`).

The encoding is told by the byte order mark, then by what the page declares, then by what fits; always strictly.
Spans count characters of the text made here, not of the mark-up.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Any

from index.errors import SourceError
from index.readers.hidden import drop_hidden
from index.readers.plain import Piece, in_lines, joined, render, sentences

Element = Any  # lxml has no types of its own

_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,30})", re.I)
_XML = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.-]{2,30})", re.I)
# Pages that declare GB2312 or GBK use characters of its successor (encoding.spec.whatwg.org says the same).
_ALIASES = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "big5-hkscs": "big5hkscs",
}
_KNOWN = {"utf-8", "gb18030", "big5", "big5hkscs"}
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DROPPED = {
    "script", "style", "nav", "footer", "aside", "form", "noscript", "template", "svg", "iframe", "button", "select",
    "input", "textarea", "object", "embed", "canvas", "head", "audio", "video", "map", "math",
}  # fmt: skip
_AROUND = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|menu|breadcrumbs?|crumbs?|footer|foot|sidebar|share|copyright|related|toolbar|pagination"
    r"|pager|banner|advert|ads?|login|search|qrcode|print|comments?|skip)(?:$|[\s_-])",
    re.I,
)
_BLOCKS = {
    "p", "div", "section", "article", "main", "body", "html", "header", "ul", "ol", "li", "dl", "dt", "dd", "table",
    "tbody", "thead", "tfoot", "tr", "td", "th", "caption", "figure", "figcaption", "blockquote", "pre", "address",
    "details", "summary", "center", "fieldset", "hr", "h1", "h2", "h3", "h4", "h5", "h6",
}  # fmt: skip
_KINDS = {"li": Piece("", 0, True), **{f"h{level}": Piece("", level) for level in range(1, 7)}}
_SITE = re.compile(r"(?<!\s)\s*+(?:[_|｜]|(?<=\s)[-–—]{1,2}\s).*", re.DOTALL)
_BETWEEN = re.compile(r"(?<=[\u3001-\u9fff\uff00-\uffef])\s++(?=[\u3001-\u9fff\uff00-\uffef])")
MOST_LINKS = 0.6  # a block with more of its text in links leads elsewhere
MOST_OF_TEXT = 0.85  # the content is the innermost element that holds this share of the page's text


def read(data: bytes) -> dict[str, object]:
    """The plain text of a page. Raises SourceError when its encoding cannot be told."""
    from lxml import etree
    from lxml.html import HTMLParser, document_fromstring

    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True)
    try:
        root = document_fromstring(decoded(data).encode("utf-8", "surrogatepass"), parser=parser)
    except etree.ParserError:  # nothing in it
        return {"text": ""}
    if any("depth" in error.message.lower() for error in parser.error_log):  # what stood deeper is missing
        raise SourceError("网页的嵌套太深。", "请另存为文本后再试。")
    drop_hidden(root)
    title = _title(root)
    _drop(root)
    return {"text": render(_pieces(_main(root)), title)}


def decoded(data: bytes) -> str:
    """The characters of a page."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _strictly(data, [encoding])
    match = _DECLARED.search(data[:4096]) or _XML.search(data[:200])
    said = match[1].decode("ascii").lower() if match else ""
    said = _ALIASES.get(said, said)
    return _strictly(data, [*([said] if said in _KNOWN else []), "utf-8", "gb18030"])


def _strictly(data: bytes, encodings: list[str]) -> str:
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SourceError(f"编码无法识别（试过 {'、'.join(encodings).upper()}）。", "请另存为 UTF-8 编码。")


def _title(root: Element) -> str:
    """The only h1, else what the page says of itself, without the name of the site."""
    headings = [text for element in root.iter("h1") if (text := joined("".join(element.itertext())))]
    if len(headings) == 1:
        return headings[0]
    for meta in root.iter("meta"):
        if (meta.get("name") or "").lower() == "articletitle" and (text := joined(meta.get("content") or "")):
            return text
    element = next(root.iter("title"), None)
    return _SITE.sub("", joined("".join(element.itertext()))) if element is not None else ""


def _drop(root: Element) -> None:
    """Remove what is not content, keeping the text behind it."""
    for element in list(root.iter()):
        if element is root or element.getparent() is None:
            continue
        names = f"{element.get('class') or ''} {element.get('id') or ''}"
        around = element.tag in _DROPPED or _AROUND.search(names) or element.get("role") == "navigation"
        if around and element.tag not in ("body", "main", "article"):
            element.drop_tree()
    for element in [*root.iter("ul", "ol", "div", "table")]:
        links = [joined("".join(link.itertext())) for link in element.iter("a")]
        if len(links) >= 3 and sum(map(len, links)) > MOST_LINKS * len(joined("".join(element.itertext()))):
            element.drop_tree()


def _main(root: Element) -> Element:
    """The element with the content: what the page marks as such, else the innermost one that holds nearly all text."""
    weights = _weights(root)
    marked = [*root.iter("article"), *root.iter("main")]
    best = max(marked, key=lambda element: weights[element], default=None)
    if best is not None and weights[best] >= weights[root] / 2:
        return best
    here = root
    while True:
        inner = max(here, key=lambda element: weights.get(element, 0), default=None)
        if inner is None or inner.tag not in ("body", "div", "section", "td", "tr", "table", "tbody", "center"):
            return here
        if weights[inner] < MOST_OF_TEXT * weights[root]:
            return here
        if inner.tag == "table" and len(_rows(inner)) > 1:
            return here
        here = inner


def _weights(root: Element) -> dict[Element, int]:
    """Characters of text in each element."""
    weights: dict[Element, int] = {}
    for element in reversed(list(root.iter())):  # children before parents
        own = len((element.text or "").strip())
        weights[element] = own + sum(weights.get(child, 0) + len((child.tail or "").strip()) for child in element)
    return weights


def _rows(table: Element) -> list[Element]:
    return [row for row in table.iter("tr") if next(row.iterancestors("table"), None) is table]


def _is_data(table: Element) -> bool:
    """Whether a table holds data; many pages use one for their layout."""
    rows = _rows(table)
    cells = [[*row.iterchildren("td", "th")] for row in rows]
    if len(rows) < 2 or max(map(len, cells)) < 2 or next(table.iterdescendants("table"), None) is not None:
        return False
    lengths = [len("".join(cell.itertext()).strip()) for row in cells for cell in row]
    return sum(lengths) / len(lengths) <= 200 and next(table.iter("h1", "h2", "h3", "h4"), None) is None


def _grid(table: Element) -> list[list[str]]:
    """The cells of a table; one that spans rows or columns stands in each of them."""
    grid: list[list[str]] = []
    pending: dict[int, tuple[int, str]] = {}  # column -> rows still to fill, text
    for row in _rows(table):
        line: list[str] = []

        def fill(line: list[str] = line) -> None:
            while (more := pending.get(len(line))) and more[0]:
                pending[len(line)] = (more[0] - 1, more[1])
                line.append(more[1])

        for cell in row.iterchildren("td", "th"):
            fill()
            text = joined("\n".join(cell.itertext()))
            for _ in range(_span(cell, "colspan")):
                pending[len(line)] = (_span(cell, "rowspan") - 1, text)
                line.append(text)
        fill()
        grid.append(line)
    return grid


def _span(cell: Element, name: str) -> int:
    value = (cell.get(name) or "1").strip()
    return max(1, min(100, int(value))) if value.isascii() and value.isdigit() else 1


def _flowed(text: str | None) -> str:
    """Text of the mark-up, where a line break is white space, and nothing at all between Chinese characters."""
    return re.sub(r"\s+", " ", _BETWEEN.sub(lambda gap: "" if "\n" in gap[0] else gap[0], text or ""))


@dataclass(slots=True)
class _Flow:
    """The blocks of a page so far, the text of the one that is open, and the headings and items around it."""

    pieces: list[Piece] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    kinds: list[Piece] = field(default_factory=lambda: [Piece("")])

    def flush(self) -> None:
        """End the open block."""
        kind = self.kinds[-1]
        if content := in_lines("".join(self.text)):
            self.pieces.append(Piece(content, kind.level, kind.item))
        self.text.clear()

    def enter(self, element: Element) -> None:
        """Take up the text before the first element in `element`."""
        tag = element.tag
        if tag == "br":
            self.text.append("\n")
            return
        if tag in _KINDS:
            self.kinds.append(_KINDS[tag])
        self.text.append(_flowed(element.text) if tag != "pre" else element.text or "")

    def leave(self, element: Element) -> None:
        """End what `element` opened."""
        if element.tag in _BLOCKS:
            self.flush()
        if element.tag in _KINDS and len(self.kinds) > 1:
            self.kinds.pop()


def _pieces(main: Element) -> list[Piece]:
    """The blocks below `main` in order. Iterative: a page may be nested deeper than the interpreter's stack."""
    from lxml import etree

    flow = _Flow()
    walk = etree.iterwalk(main, events=("start", "end"))
    for event, element in walk:
        if event == "end":
            flow.leave(element)
            if element is not main:
                flow.text.append(_flowed(element.tail))
            continue
        if element.tag in _BLOCKS:
            flow.flush()
        if element.tag == "table" and _is_data(element):
            captions = [joined("".join(caption.itertext())) for caption in element.iter("caption")]
            flow.pieces += [Piece(line) for line in [*captions, *sentences(_grid(element))]]
            walk.skip_subtree()
        else:
            flow.enter(element)
    flow.flush()
    return flow.pieces
