"""What the styles of a web page come to: variables, shorthands, lengths, colours and numbers in the values that
`styles.py` finds declared for an element."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import tinycss2
from tinycss2.color4 import parse_color

from index.errors import SourceError

Tokens = list[Any]  # of tinycss2, which has no types of its own
Style = dict[str, Tokens]

WIDE, HIGH = 1280.0, 800.0  # the screen on which a page is looked at
DEEPEST = 8  # rules in rules, and variables in variables
_MOST_VARIABLES, _MOST_TOKENS = 2_000, 200  # of a page; in a value

_UNITS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 9.6 / 2.54, "q": 2.4 / 2.54}
_UNITS |= {"rem": 16.0, "vw": WIDE / 100, "vh": HIGH / 100, "vmin": HIGH / 100, "vmax": WIDE / 100}
SIZES = {"xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0}
SIZES |= {"xx-large": 32.0, "xxx-large": 48.0}
_SIDES = ("top", "right", "bottom", "left")
# A shorthand sets these anew.
LONGHANDS = {
    "background": ("background-color", "background-image", "background-clip", "-webkit-background-clip"),
    "font": ("font-size",),
    "overflow": ("overflow-x", "overflow-y"),
    "inset": _SIDES,
    **{name: tuple(f"{name}-{side}" for side in _SIDES) for name in ("margin", "padding")},
}


def too_complex() -> SourceError:
    """The error of a page whose styles cannot be followed."""
    return SourceError("网页的样式太复杂。", "请另存为文本后再试。")


def words(tokens: Iterable[Any]) -> Tokens:
    """What is said, without the space and the comments between."""
    return [token for token in tokens if token.type not in ("whitespace", "comment")]


@lru_cache(1024)
def parsed(value: str) -> Tokens:
    """A value as it is written in a sheet."""
    return words(tinycss2.parse_component_value_list(value))


def expanded(declared: Style, inherited: Mapping[str, Tokens]) -> tuple[Style, Mapping[str, Tokens]]:
    """The declarations with variables put in and shorthands as their longhands, and the variables that hold inside."""
    own = {name: value for name, value in declared.items() if name.startswith("--")}
    variables = inherited
    if own:
        variables = {**inherited, **{name: _put_in(value, inherited) or [] for name, value in own.items()}}
        if len(variables) > _MOST_VARIABLES:
            raise too_complex()
        variables = {**variables, **{name: _put_in(value, variables) or [] for name, value in own.items()}}
    style: Style = {}
    for name, value in declared.items():
        if not name.startswith("--"):
            known = _put_in(value, variables) or []
            style |= longhands(name, known) if name in LONGHANDS else {name: known}
    return style, variables


def _put_in(tokens: Tokens, variables: Mapping[str, Tokens], depth: int = 0) -> Tokens | None:
    """`tokens` with the values of variables; None where one has no value, or where it all grows too large."""
    out: Tokens = []
    for token in tokens:
        if token.type != "function":
            out.append(token)
            continue
        inside = words(token.arguments)
        if token.lower_name == "var":
            name, fallback = inside[0].value if inside and inside[0].type == "ident" else "", inside[2:]
            found = variables.get(name) or (_put_in(fallback, variables, depth + 1) if depth < DEEPEST else None)
        else:
            known = _put_in(inside, variables, depth + 1) if depth < DEEPEST else None
            found = [_function(token, known)] if known is not None else None
        if not found or len(out) + len(found) > _MOST_TOKENS:
            return None
        out += found
    return out


def _function(token: Any, arguments: Tokens) -> Any:
    return tinycss2.ast.FunctionBlock(token.source_line, token.source_column, token.name, arguments)


def longhands(name: str, value: Tokens) -> Style:
    """The properties that a shorthand sets, as far as they bear on what shows."""
    if name == "background":
        return _of_background(value)
    if name == "font":
        return {"font-size": found} if (found := [token for token in value if _is_size(token)][:1]) else {}
    if not value:
        return {}
    if name == "overflow":
        return {"overflow-x": value[:1], "overflow-y": value[-1:]}
    prefix = "" if name == "inset" else f"{name}-"
    return {f"{prefix}{side}": found for side, found in zip(_SIDES, _four(value), strict=True)}


def _of_background(value: Tokens) -> Style:
    colours = [token for token in value if parse_color(token) is not None]
    return {
        "background-color": colours[-1:] or (parsed("transparent") if value else []),
        "background-image": [token for token in value if is_picture(token)],
        "background-clip": [token for token in value if token.type == "ident" and token.lower_value == "text"],
    }


def _four(value: Tokens) -> tuple[Tokens, Tokens, Tokens, Tokens]:
    """One to four values as those of the four sides."""
    top, right, bottom, left = (value[:1], value[1:2], value[2:3], value[3:4])
    right = right or top
    return top, right, bottom or top, left or right


def is_picture(token: Any) -> bool:
    """Whether a word of `background` is a picture or a gradient."""
    name = token.lower_name if token.type == "function" else ""
    return bool(token.type == "url" or name == "url" or name.endswith(("gradient", "image-set")))


def _is_size(token: Any) -> bool:
    """Whether a word of `font` is the size: a weight has no unit."""
    if token.type == "dimension":
        return bool(token.lower_unit not in ("deg", "grad", "rad", "turn"))
    if token.type == "ident":
        return bool(token.lower_value in (*SIZES, "smaller", "larger"))
    return bool(token.type == "percentage" or (token.type == "number" and token.value == 0))


def keyword(style: Style, name: str) -> str:
    """The keyword that a property has, or nothing."""
    value = style.get(name) or []
    return value[0].lower_value if value and value[0].type == "ident" else ""


def pixels(value: Tokens | None, *, em: float = 16.0, whole: float = WIDE) -> float | None:
    """A length in pixels; None where it is not one. `whole` is what a percentage is of."""
    token = value[0] if value else None
    if token is None:
        return None
    if token.type == "function" and token.lower_name in ("calc", "min", "max", "clamp"):
        inside = [one for one in words(token.arguments) if one.type in ("dimension", "percentage", "number")]
        return pixels(inside, em=em, whole=whole) if len(inside) == 1 else None
    if token.type == "percentage":
        return float(token.value) / 100 * whole
    if token.type == "number":
        return 0.0 if token.value == 0 else None
    if token.type != "dimension":
        return None
    unit = token.lower_unit
    per = {"em": em, "ex": em / 2, "ch": em / 2}.get(unit, _UNITS.get(unit))
    return float(token.value) * per if per is not None else None


def number(value: Tokens | None, default: float) -> float:
    """A number, or a percentage as a share of one."""
    token = value[0] if value else None
    if token is None or token.type not in ("number", "percentage"):
        return default
    return float(token.value) / (100 if token.type == "percentage" else 1)


def functions(style: Style, name: str) -> Iterator[tuple[str, list[Tokens]]]:
    """The functions that a property has, each with its arguments."""
    for token in style.get(name) or []:
        if token.type == "function":
            arguments: list[Tokens] = [[]]
            for one in words(token.arguments):
                if one.type == "literal" and one.value == ",":
                    arguments.append([])
                else:
                    arguments[-1].append(one)
            yield token.lower_name, arguments
