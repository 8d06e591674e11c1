"""The styles that a web page declares for its elements, and what their values come to.

They are those of its `style` elements, inline styles and attributes, as a wide screen takes them without any script;
styles in other files are not fetched. Only properties that bear on what shows are kept, and `hidden.py` tells what they
mean for it. A page whose styles would take too long is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import tinycss2
from cssselect2 import ElementWrapper, Matcher, SelectorError, parser
from cssselect2.compiler import CompiledSelector
from tinycss2.color4 import parse_color

from index.errors import SourceError

Element = Any  # lxml, tinycss2 and cssselect2 have no types of their own
Tokens = list[Any]
Style = dict[str, Tokens]

WIDE, HIGH = 1280.0, 800.0  # the screen on which a page is looked at
MOST_STEPS = 10_000_000  # of comparing selectors with elements, seconds; a large page with Bootstrap takes a tenth
_STEPS_TO_COMPILE = 200
_MOST_VARIABLES, _MOST_TOKENS = 2_000, 200  # of a page; in a value
_LONGEST_PARENT = 1_000  # characters of the selector of a rule that holds rules
_DEEPEST = 8
_MOST_NEAR = 5_000  # lists of rules that are kept

_UNITS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 9.6 / 2.54, "q": 2.4 / 2.54}
_UNITS |= {"rem": 16.0, "vw": WIDE / 100, "vh": HIGH / 100, "vmin": HIGH / 100, "vmax": WIDE / 100}
SIZES = {"xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0}
SIZES |= {"xx-large": 32.0, "xxx-large": 48.0}
_SIDES = ("top", "right", "bottom", "left")
# A shorthand sets these anew.
_LONGHANDS = {
    "background": ("background-color", "background-image", "background-clip", "-webkit-background-clip"),
    "font": ("font-size",),
    "overflow": ("overflow-x", "overflow-y"),
    "inset": _SIDES,
    **{name: tuple(f"{name}-{side}" for side in _SIDES) for name in ("margin", "padding")},
}
_PROPERTIES = {
    "display", "visibility", "opacity", "filter", "content-visibility", "color", "-webkit-text-fill-color", "position",
    "text-indent", "clip", "clip-path", "transform", "translate", "scale", "width", "height", "max-width", "max-height",
    "min-width", "min-height", "line-height", "flex", "flex-grow",
    *_LONGHANDS, *(name for names in _LONGHANDS.values() for name in names),
}  # fmt: skip
_HEX = re.compile(r"[0-9a-fA-F]{6}|[0-9a-fA-F]{3}")
_LENGTH = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(px|em|rem)")
_TRUE_FEATURES = {
    "color", "hover", "hover: hover", "any-hover: hover", "pointer: fine", "any-pointer: fine", "scripting: enabled",
    "orientation: landscape", "prefers-color-scheme: light", "prefers-reduced-motion: no-preference", "update: fast",
}  # fmt: skip


def too_complex() -> SourceError:
    """The error of a page whose styles cannot be followed."""
    return SourceError("网页的样式太复杂。", "请另存为文本后再试。")


class _Steps:
    """Counts what comparing selectors costs: a sheet can be made to compare everything with everything."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self, number: int) -> None:
        self.taken += number
        if self.taken > MOST_STEPS:
            raise too_complex()


class _Children(list[Any]):
    """The children of an element; each look at them is counted."""

    def __init__(self, children: Iterable[Any], steps: _Steps) -> None:
        super().__init__(children)
        self.steps = steps

    def __iter__(self) -> Iterator[Any]:
        self.steps.take(len(self))
        return super().__iter__()

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        self.steps.take(len(found) if isinstance(key, slice) else 1)
        return found


class _Node(ElementWrapper):
    """An element for selectors: its ancestors and siblings are walked, not stored, and each step is counted."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.steps: _Steps = self.parent.steps if self.parent is not None else _Steps()

    @cached_property
    def etree_children(self) -> _Children:
        return _Children(super().etree_children, self.steps)

    @property
    def around(self) -> frozenset[str]:
        """The names of all elements around it."""
        return self.parent.inside if self.parent is not None else frozenset()

    @cached_property
    def inside(self) -> frozenset[str]:
        """The names (tag, .class, #id) of the element and of all around it."""
        around = self.around
        own = {self.local_name, f"#{self.id}", *map(".{}".format, self.classes)}
        if own <= around:
            return around
        self.steps.take(len(around))
        return around | own

    @property
    def ancestors(self) -> Iterator[_Node]:
        node = self.parent
        while node is not None:
            self.steps.take(1)
            yield node
            node = node.parent

    @property
    def previous_siblings(self) -> Iterator[_Node]:
        node = self.previous
        while node is not None:
            self.steps.take(1)
            yield node
            node = node.previous


class _Test(NamedTuple):
    """What must stand around an element for a selector to match it, and whether it does then."""

    needed: frozenset[str]
    holds: Callable[[_Node], bool]


class _Rules(Matcher):
    """The rules of a page. Most are about another part of it, and which are not is found once for all elements that
    stand in the same."""

    def __init__(self) -> None:
        super().__init__()
        self._near: dict[tuple[int, frozenset[str]], list[Any]] = {}

    def add_relevant_selectors(self, element: _Node, selectors: list[Any], relevant_selectors: list[Any]) -> None:
        around = element.around
        near = self._near.get((id(selectors), around))
        if near is None:
            near = [rule for rule in selectors if rule[0].needed <= around]
            if len(self._near) >= _MOST_NEAR:
                self._near.clear()
            self._near[id(selectors), around] = near
        relevant_selectors += [rule[1:] for rule in near if rule[0].holds(element)]


class Styles:
    """The style sheets of a page, and what they and the attributes of an element say of it."""

    def __init__(self, root: Element) -> None:
        self._steps = _Steps()
        self._matcher = _Rules()
        self._inline: dict[str, list[Any]] = {}
        for element in root.iter("style"):
            if _on_screen(element.get("media") or ""):
                rules = tinycss2.parse_stylesheet("".join(element.itertext()), skip_comments=True, skip_whitespace=True)
                self._add(rules, "", 0)

    def node(self, root: Element) -> _Node:
        """The root as selectors see it; the nodes are made anew, so that they can be let go of while walking."""
        node: _Node = _Node.from_html_root(root)
        node.steps = self._steps
        return node

    def _add(self, rules: Iterable[Any], parent: str, depth: int) -> None:
        """Take up rules; `parent` is the selector of the rule that they stand in."""
        if depth > _DEEPEST:
            raise too_complex()
        for rule in rules:
            if rule.type == "at-rule" and rule.content is not None:
                said = tinycss2.serialize(rule.prelude)
                if rule.lower_at_keyword in ("layer", "supports") or (
                    rule.lower_at_keyword == "media" and _on_screen(said)
                ):
                    self._add_block(rule.content, parent, depth)
            elif rule.type == "qualified-rule":
                selector = tinycss2.serialize(rule.prelude).strip()
                if parent:
                    selector = _nested(selector, parent)
                self._add_block(rule.content, selector, depth)

    def _add_block(self, content: Tokens, selector: str, depth: int) -> None:
        inside = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
        said = _said(inside)
        if said and selector:
            self._compile(selector, said)
        rules = [one for one in inside if one.type in ("qualified-rule", "at-rule")]
        if rules and len(selector) <= _LONGEST_PARENT:
            self._add(rules, selector, depth + 1)

    def _compile(self, selector: str, said: list[Any]) -> None:
        self._steps.take(_STEPS_TO_COMPILE + len(selector))
        try:
            for parsed in [*parser.parse(selector)]:
                compiled = CompiledSelector(parsed)
                compiled.test = _Test(_needed(parsed.parsed_tree), compiled.test)
                self._steps.take(_STEPS_TO_COMPILE)
                self._matcher.add_selector(compiled, said)
        except (SelectorError, NotImplementedError):
            return  # a browser passes over the whole rule as well

    def of(self, node: _Node) -> Style:
        """What is declared for an element, in the order in which it holds: the last one wins."""
        element = node.etree_element
        said: list[_Said] = []
        if self._matcher.order:  # there are rules
            _ = node.inside  # from the root on, so that no chain of elements is gone through at once
            self._steps.take(self._candidates(node))
            said = [one for _, _, pseudo, rule in self._matcher.match(node) if pseudo is None for one in rule]
        inline = element.get("style")
        if inline:
            if inline not in self._inline:
                self._inline[inline] = _said(tinycss2.parse_blocks_contents(inline, skip_comments=True))
            said += self._inline[inline]
        style = _from_attributes(element)
        for important in (False, True):
            for one in said:
                if one.important is important:
                    style.pop(one.name, None)
                    style[one.name] = one.value
        return style

    def _candidates(self, node: _Node) -> int:
        matcher = self._matcher
        found = len(matcher.other_selectors) + len(matcher.lang_attr_selectors)
        found += len(matcher.lower_local_name_selectors.get(node.local_name, ()))
        found += len(matcher.id_selectors.get(node.id, ()))
        return found + sum(len(matcher.class_selectors.get(name, ())) for name in node.classes)


def _needed(tree: Any) -> frozenset[str]:
    """The names that must stand around an element for a selector to match it."""
    needed: set[str] = set()
    while isinstance(tree, parser.CombinedSelector):
        combinator, tree = tree.combinator, tree.left
        if combinator in (" ", ">"):
            last = tree.right if isinstance(tree, parser.CombinedSelector) else tree
            needed |= {name for one in last.simple_selectors if (name := _name(one))}
    return frozenset(needed)


def _name(simple: Any) -> str:
    """The name that a simple selector asks for, if it asks for one."""
    if isinstance(simple, parser.ClassSelector):
        return f".{simple.class_name}"
    if isinstance(simple, parser.IDSelector):
        return f"#{simple.ident}"
    return str(simple.lower_local_name) if isinstance(simple, parser.LocalNameSelector) else ""


@dataclass(frozen=True, slots=True)
class _Said:
    """A declaration."""

    name: str
    value: Tokens
    important: bool


def _said(inside: Iterable[Any]) -> list[_Said]:
    """The declarations in the content of a rule that bear on what shows."""
    return [
        _Said(name, words(one.value), one.important)
        for one in inside
        if one.type == "declaration"
        and ((name := one.lower_name) in _PROPERTIES or (name := one.name).startswith("--"))
    ]


def words(tokens: Iterable[Any]) -> Tokens:
    """What is said, without the space and the comments between."""
    return [token for token in tokens if token.type not in ("whitespace", "comment")]


def _from_attributes(element: Element) -> Style:
    """What attributes and the browser itself declare for an element; any style of the page stands above it."""
    style: Style = {}
    if element.tag == "a" and element.get("href") is not None:
        style["color"] = _parsed("#0000ee")
    if element.tag == "mark":
        style["background-color"] = _parsed("yellow")
    for name, attribute, tags in (
        ("color", "color", ("font", "basefont")),
        ("color", "text", ("body",)),
        ("background-color", "bgcolor", None),
    ):
        if (tags is None or element.tag in tags) and (value := (element.get(attribute) or "").strip()):
            style[name] = _parsed(f"#{value}" if _HEX.fullmatch(value) else value)
    if element.get("background"):
        style["background-image"] = _parsed("url(x)")
    if element.tag == "font" and (element.get("size") or "").strip() == "0":
        style["font-size"] = _parsed("0")  # browsers show it as the smallest size; nobody writes it to be read
    return style


@lru_cache(1024)
def _parsed(value: str) -> Tokens:
    return words(tinycss2.parse_component_value_list(value))


def _nested(selectors: str, parent: str) -> str:
    """The selector of a rule in a rule."""
    if "&" in selectors:
        return selectors.replace("&", f":is({parent})")
    return f":is({parent}) {selectors if selectors[:1] in '>+~' else f':is({selectors})'}"


def _on_screen(media: str) -> bool:
    """Whether a sheet for these media counts on a wide screen; what is asked and not known does not hold."""
    return not media.strip() or any(_holds(query) for query in media.lower().split(","))


def _holds(query: str) -> bool:
    parts = [part.strip() for part in re.split(r"\band\b", query)]
    negated = parts[0].startswith("not ")
    parts[0] = re.sub(r"^(?:only|not)\s+", "", parts[0])
    return all(part in ("screen", "all") or (part[:1] == "(" and _feature(part[1:-1])) for part in parts) != negated


def _feature(feature: str) -> bool:
    name, _, value = (part.strip() for part in feature.partition(":"))
    match = _LENGTH.fullmatch(value)
    if match is None or not name.startswith(("min-", "max-")):
        return re.sub(r"(?<!\s)\s*+:\s*+", ": ", feature.strip()) in _TRUE_FEATURES
    size = float(match[1]) * (1 if match[2] == "px" else 16)
    screen = HIGH if name.endswith("height") else WIDE
    return size <= screen if name.startswith("min-") else screen <= size


# What the declared values come to


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
            style |= longhands(name, known) if name in _LONGHANDS else {name: known}
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
            found = variables.get(name) or (_put_in(fallback, variables, depth + 1) if depth < _DEEPEST else None)
        else:
            known = _put_in(inside, variables, depth + 1) if depth < _DEEPEST else None
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
        "background-color": colours[-1:] or (_parsed("transparent") if value else []),
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
