"""What a reader of a web page does not see, taken out before the page is read.

A page may hold text for machines alone: not displayed, too small, in the colour of its ground, out of the picture. Its
own styles say so (`styles.py`), and some of its attributes. A ground that cannot be told (a picture) hides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import tinycss2
from tinycss2.color4 import parse_color

from index.readers.style_values import (
    HIGH,
    SIZES,
    WIDE,
    Style,
    Tokens,
    expanded,
    functions,
    is_picture,
    keyword,
    longhands,
    number,
    pixels,
    too_complex,
    words,
)
from index.readers.styles import Element, Styles

Colour = tuple[float, float, float]

SMALLEST = 3.0  # pixels of a character that can still be read
FAINTEST = 0.1  # opacity, and the distance of two colours in one channel: #e8e8e8 on white is not read
FAR = 799.0  # pixels out of the page; what is put in the middle by a negative margin moves less
_DOT = 2.0  # pixels

_WHITE, _BLACK = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
_PAINT = ("color", "-webkit-text-fill-color", "background", "font")  # what the page as a whole is believed in any case
_UNSEEN_TAGS = {"head", "script", "style", "template", "noscript", "datalist"}


def drop_hidden(root: Element) -> None:
    """Take the text that does not show out of a page. Raises SourceError when its styles would take too long."""
    try:
        styles = Styles(root)
        gone, silent, shown = _looked_at(root, styles)
        if not shown:  # pages hide themselves until a script of theirs has run
            gone, silent, _ = _looked_at(root, styles, whole=True)
    except (RecursionError, SyntaxError) as error:  # a selector becomes an expression, which can be nested too deep
        raise too_complex() from error
    for element in silent:
        element.text = None
        for child in element:
            child.tail = None
    for element in gone:
        element.clear(keep_tail=True)  # in its place: text that grows by each of its tails would cost quadratic time
        element.tag = "span"


def _looked_at(root: Element, styles: Styles, *, whole: bool = False) -> tuple[list[Element], list[Element], bool]:
    """The elements that are not there with all in them, those whose own text does not show, and whether any text does.
    With `whole` the root and the body are there, whatever they say."""
    gone, silent, shown = [], [], False
    pictured = {parent for picture in root.iter("img", "svg", "video", "canvas") for parent in (picture.getparent(),)}
    page = _Look()
    every: dict[tuple[Any, ...], _Look] = {page.told: page}
    looks: dict[tuple[Any, ...], _Look | None] = {}  # siblings mostly look alike
    stack = [(styles.node(root), page)]
    while stack:
        node, above = stack.pop()
        element = node.etree_element
        if element.tag in _UNSEEN_TAGS:
            continue
        believed = not (whole and element.tag in ("html", "body"))
        declared, beside = styles.of(node), element.getparent() in pictured
        alike = (id(declared), id(above), element.tag, believed, beside)
        if alike not in looks:
            look = _seen(element.tag, declared, above, believed=believed, pictured=beside)
            looks[alike] = look and every.setdefault(look.told, look)
        look = looks[alike]
        if look is None or (believed and _said_hidden(element)):
            gone.append(element)
            continue
        children = list(node.iter_children())
        if look.readable:
            shown = shown or _has_text(element, [child.etree_element for child in children])
        else:
            silent.append(element)
        stack += [(child, look) for child in children]
    return gone, silent, shown


def _seen(tag: str, declared: Style, above: _Look, *, believed: bool, pictured: bool) -> _Look | None:
    """The look of a `tag` in one that looks like `above`; None when it is not there. Of one that is not `believed`
    only the paint counts."""
    if not declared:
        return above
    style, variables = expanded(declared, above.variables)
    if not believed:
        style = {name: value for name, value in style.items() if name.startswith(_PAINT)}
    look = _look(style, above, variables, pictured=pictured)
    return None if believed and _out_of_sight(tag, style, look) else look


def _has_text(element: Element, children: Sequence[Element]) -> bool:
    """Whether there is text of its own in an element."""
    texts = [element.text, *(child.tail for child in children)]
    return any(text and not text.isspace() for text in texts)


def _said_hidden(element: Element) -> bool:
    return (
        element.get("hidden") is not None
        or (element.get("aria-hidden") or "").strip().lower() == "true"
        or element.get("popover") is not None
        or (element.tag == "dialog" and element.get("open") is None)
    )


# How the text of an element looks


@dataclass(frozen=True, slots=True)
class _Look:
    """How the text of an element looks, as far as the elements in it take it over. `ink` and `ground` are None where
    they cannot be told, and then hide nothing."""

    visible: bool = True
    ink: tuple[Colour, float] | None = (_BLACK, 1.0)  # with its opacity
    ground: Colour | None = _WHITE
    size: float = 16.0
    opacity: float = 1.0
    moved: bool = False  # by an indent that takes the line out of the page
    variables: Mapping[str, Tokens] = field(default_factory=dict)

    @property
    def told(self) -> tuple[Any, ...]:
        """What tells looks apart; elements without variables of their own hold those around them."""
        return self.visible, self.ink, self.ground, self.size, self.opacity, self.moved, id(self.variables)

    @property
    def readable(self) -> bool:
        if not self.visible or self.moved or self.size < SMALLEST:
            return False
        if self.ink is None:
            return True
        colour, opacity = self.ink
        if self.ground is None:
            return opacity * self.opacity > FAINTEST
        return not _near(_over(colour, opacity * self.opacity, self.ground), self.ground)


def _near(one: Colour, other: Colour) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= FAINTEST


def _over(colour: Colour, opacity: float, ground: Colour) -> Colour:
    red, green, blue = (a * opacity + b * (1 - opacity) for a, b in zip(colour, ground, strict=True))
    return red, green, blue


def _look(style: Style, above: _Look, variables: Mapping[str, Tokens], *, pictured: bool) -> _Look:
    """The look of an element in one that looks like `above`; `pictured` when it stands beside a picture."""
    ink = _ink(style, above)
    shared = [arguments[0] for name, arguments in functions(style, "filter") if name == "opacity"]
    visibility = keyword(style, "visibility")
    size = _size(style, above.size)
    indent = pixels(style.get("text-indent"), em=size)
    opacity = above.opacity
    for value in (style.get("opacity"), *shared):
        opacity *= min(1.0, max(0.0, number(value, 1.0)))
    return replace(
        above,
        visible=visibility not in ("hidden", "collapse")
        if visibility not in ("", "inherit", "unset")
        else above.visible,
        ink=ink,
        ground=_ground(style, above, ink, pictured=pictured),
        size=size,
        opacity=opacity,
        moved=abs(indent) >= FAR if indent is not None else above.moved,
        variables=variables,
    )


def _size(style: Style, above: float) -> float:
    named = keyword(style, "font-size")
    if named:
        return {"smaller": above / 1.2, "larger": above * 1.2, "initial": 16.0}.get(named, SIZES.get(named, above))
    size = pixels(style.get("font-size"), em=above, whole=above)
    return size if size is not None and size >= 0 else above


def _rgba(value: Tokens, current: tuple[Colour, float] | None) -> tuple[Colour, float] | None:
    """A colour and its opacity; None where it cannot be told."""
    found = parse_color(value[0]) if len(value) == 1 else None
    if found is None or found == "currentcolor":
        return current if found else None
    if found.space in ("srgb", "hsl", "hwb"):
        red, green, blue = (min(1.0, max(0.0, channel or 0.0)) for channel in found.to("srgb").coordinates)
        return (red, green, blue), found.alpha
    light = (found.coordinates[0] or 0.0) / (100 if found.space in ("lab", "lch") else 1)
    return (_WHITE, found.alpha) if found.space.endswith(("lab", "lch")) and light > 0.97 else None


def _ink(style: Style, above: _Look) -> tuple[Colour, float] | None:
    ink = above.ink
    for name in ("color", "-webkit-text-fill-color"):
        if keyword(style, name) == "initial":
            ink = _BLACK, 1.0
        elif value := style.get(name):
            ink = _rgba(value, ink) or (ink if value[0].type == "ident" else None)
    clipped = any(keyword(style, name) == "text" for name in ("background-clip", "-webkit-background-clip"))
    return None if clipped else ink  # the picture behind shows through the letters


def _ground(style: Style, above: _Look, ink: tuple[Colour, float] | None, *, pictured: bool) -> Colour | None:
    ground = above.ground
    if pictured and keyword(style, "position") in ("absolute", "fixed"):
        ground = None  # it may lie over the picture
    if "background-color" in style and keyword(style, "background-color") not in ("inherit", "initial", "unset"):
        value = style["background-color"]
        found = _rgba(value, ink)
        if found is not None:
            colour, opacity = found
            if opacity == 1:
                ground = colour
            elif opacity and ground is not None:
                ground = _over(colour, opacity, ground)
        elif not value or value[0].type == "function":
            ground = None
    if pictures := [token for token in style.get("background-image") or [] if is_picture(token)]:
        return _plain(pictures, ink)
    return ground


def _plain(pictures: Tokens, ink: tuple[Colour, float] | None) -> Colour | None:
    """The colour of a gradient that is all of one colour."""
    inside = [one for token in pictures if token.type == "function" for one in words(token.arguments)]
    stops = [found for one in inside if (found := _rgba([one], ink)) is not None]
    if not stops or any(opacity < 1 or not _near(colour, stops[0][0]) for colour, opacity in stops):
        return None
    return stops[0][0]


# What is not where a reader looks


def _out_of_sight(tag: str, style: Style, look: _Look) -> bool:
    """Whether an element with all in it is not displayed, out of the page, or cut off."""
    return (
        keyword(style, "display") == "none"
        or keyword(style, "content-visibility") == "hidden"
        or look.opacity <= FAINTEST
        or _far_off(style, look.size)
        or _cut_off(style)
        or _closed(tag, style, look.size)
    )


def _far_off(style: Style, em: float) -> bool:
    def length(name: str, whole: float = WIDE) -> float:
        return pixels(style.get(name), em=em, whole=whole) or 0.0

    moved = _moved(style, em)
    if moved is None:
        return True
    across = moved[0] + length("margin-left") + length("padding-left")  # one may make up for the other
    down = moved[1] + length("margin-top", HIGH)
    if keyword(style, "position") in ("absolute", "fixed", "relative", "sticky"):
        if min(length("right"), length("bottom", HIGH)) <= -FAR:
            return True
        across += length("left")
        down += length("top", HIGH)
    return min(across, down) <= -FAR or across >= 5 * FAR


def _moved(style: Style, em: float) -> tuple[float, float] | None:
    """How far an element is moved from its place, in pixels to the right and down; None where it is made a point."""
    across = down = 0.0
    for function, arguments in functions(style, "transform"):
        if function.startswith("scale") and _to_a_point(token for one in arguments[:2] for token in one[:1]):
            return None
        right, below = _shift(function, [_move(one, em) for one in arguments])
        across, down = across + right, down + below
    own = [_move([token], em) for token in (style.get("translate") or [])[:2]]
    if _to_a_point(style.get("scale") or []):
        return None
    return across + sum(own[:1]), down + sum(own[1:])


def _move(value: Tokens, em: float) -> float:
    return pixels(value, em=em, whole=300.0) or 0.0  # of its own width, which is not known


def _to_a_point(scales: Iterable[Any]) -> bool:
    """Whether one of these factors leaves next to nothing."""
    return any(abs(number([token], 1.0)) <= FAINTEST for token in scales)


def _shift(function: str, moves: Sequence[float]) -> tuple[float, float]:
    """How far a function of `transform` moves to the right and down."""
    if function in ("translate", "translate3d"):
        return moves[0], moves[1] if len(moves) > 1 else 0.0
    if function == "translatex":
        return moves[0], 0.0
    return (0.0, moves[0]) if function == "translatey" else (0.0, 0.0)


def _cut_off(style: Style) -> bool:
    """Whether what is left of an element by `clip` or `clip-path` is nothing or a dot."""
    placed = keyword(style, "position") in ("absolute", "fixed")
    if placed and any(_clips_all(function, arguments) for function, arguments in functions(style, "clip")):
        return True
    return any(_leaves_nothing(function, arguments) for function, arguments in functions(style, "clip-path"))


def _clips_all(function: str, arguments: Sequence[Tokens]) -> bool:
    """Whether a shape of `clip` leaves nothing or a dot."""
    sides = [pixels([token]) for one in arguments for token in one]
    if function != "rect" or len(sides) != 4:
        return False
    top, right, bottom, left = sides
    across = right - (left or 0.0) if right is not None else WIDE
    down = bottom - (top or 0.0) if bottom is not None else HIGH
    return min(across, down) <= _DOT


def _leaves_nothing(function: str, arguments: Sequence[Tokens]) -> bool:
    """Whether a shape of `clip-path` leaves nothing."""
    first = arguments[0]
    if function == "inset":
        four = longhands("inset", [token for token in first if token.type != "ident"])
        return bool(four) and (_all_of(four["top"] + four["bottom"]) or _all_of(four["left"] + four["right"]))
    if function in ("circle", "ellipse"):
        return pixels(first) == 0
    return function == "polygon" and len({tinycss2.serialize(one) for one in arguments}) == 1


def _all_of(insets: Tokens) -> bool:
    """Whether two insets leave nothing of a box: all of it, or more pixels than one has."""
    cut = sum(pixels([token]) or 0.0 for token in insets if token.type == "dimension")
    return cut >= FAR or sum(token.value for token in insets if token.type == "percentage") >= 100


def _closed(tag: str, style: Style, em: float) -> bool:
    """Whether an element is a box without room for its text, and what does not fit in is not shown."""
    clips = {keyword(style, name) for name in ("overflow-x", "overflow-y")} & {"hidden", "clip", "scroll", "auto"}
    if not clips or "flex" in style or "flex-grow" in style:  # a flexible box grows from nothing
        return False
    if (line := style.get("line-height")) and 0 in (number(line, 1.0), pixels(line, em=em)):
        return True
    if _room(style, "height", ("top", "bottom"), em) <= _DOT:
        return True
    # Cells are as wide as their table makes them.
    return tag not in ("td", "th") and _room(style, "width", ("left", "right"), em) <= _DOT


def _room(style: Style, side: str, ends: tuple[str, str], em: float) -> float:
    """The pixels that a box has for its text along one of its sides."""
    sizes = [pixels(style.get(name), em=em) for name in (side, f"max-{side}")]
    size = min((one for one in sizes if one is not None), default=WIDE)
    held = max(size, pixels(style.get(f"min-{side}"), em=em) or 0.0)
    return held + sum(pixels(style.get(f"padding-{end}"), em=em) or 0.0 for end in ends)
