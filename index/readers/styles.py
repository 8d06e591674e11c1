"""The styles that a web page declares for its elements; `style_values.py` tells what their values come to.

They are those of its `style` elements, inline styles and attributes, as a wide screen takes them without any script;
styles in other files are not fetched. Only properties that bear on what shows are kept, and `hidden.py` tells what they
mean for it. A page whose styles would take too long is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import tinycss2
from cssselect2 import ElementWrapper, Matcher, SelectorError, parser
from cssselect2.compiler import CompiledSelector

from index.readers.style_values import (
    DEEPEST,
    HIGH,
    LONGHANDS,
    WIDE,
    Style,
    Tokens,
    parsed,
    too_complex,
    words,
)

Element = Any  # lxml and cssselect2 have no types of their own

MOST_STEPS = 10_000_000  # of comparing selectors with elements, seconds; a large page with Bootstrap takes a tenth
_STEPS_TO_COMPILE = 200
_LONGEST_PARENT = 1_000  # characters of the selector of a rule that holds rules
_MOST_NEAR = 5_000  # lists of rules that are kept

_PROPERTIES = {
    "display", "visibility", "opacity", "filter", "content-visibility", "color", "-webkit-text-fill-color", "position",
    "text-indent", "clip", "clip-path", "transform", "translate", "scale", "width", "height", "max-width", "max-height",
    "min-width", "min-height", "line-height", "flex", "flex-grow",
    *LONGHANDS, *(name for names in LONGHANDS.values() for name in names),
}  # fmt: skip
_SAYING = {"style", "color", "text", "bgcolor", "background", "size"}  # attributes, beside those that rules ask for
_HEX = re.compile(r"[0-9a-fA-F]{6}|[0-9a-fA-F]{3}")
_LENGTH = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(px|em|rem)")
_TRUE_FEATURES = {
    "color", "hover", "hover: hover", "any-hover: hover", "pointer: fine", "any-pointer: fine", "scripting: enabled",
    "orientation: landscape", "prefers-color-scheme: light", "prefers-reduced-motion: no-preference", "update: fast",
}  # fmt: skip


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
        self._known: dict[tuple[Any, ...], Style] = {}
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
        if depth > DEEPEST:
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
            for one in [*parser.parse(selector)]:
                compiled = CompiledSelector(one)
                compiled.test = _Test(_needed(one.parsed_tree), compiled.test)
                self._steps.take(_STEPS_TO_COMPILE)
                self._matcher.add_selector(compiled, said)
        except (SelectorError, NotImplementedError):
            return  # a browser passes over the whole rule as well

    def of(self, node: _Node) -> Style:
        """What is declared for an element, in the order in which it holds: the last one wins. Elements of which
        the same is said share one style."""
        element = node.etree_element
        rules: list[Any] = []
        if self._matcher.order:  # there are rules
            _ = node.inside  # from the root on, so that no chain of elements is gone through at once
            self._steps.take(self._candidates(node))
            rules = [(order, rule) for _, order, pseudo, rule in self._matcher.match(node) if pseudo is None]
        attributes = tuple((name, value) for name, value in element.items() if name in _SAYING)
        key = (element.tag, "href" in element.attrib, attributes, *(order for order, _ in rules))
        if key not in self._known:
            self._known[key] = self._declared(element, [one for _, rule in rules for one in rule])
        return self._known[key]

    def _declared(self, element: Element, said: list[_Said]) -> Style:
        if inline := element.get("style"):
            said = said + _said(tinycss2.parse_blocks_contents(inline, skip_comments=True))
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


def _from_attributes(element: Element) -> Style:
    """What attributes and the browser itself declare for an element; any style of the page stands above it."""
    style: Style = {}
    if element.tag == "a" and element.get("href") is not None:
        style["color"] = parsed("#0000ee")
    if element.tag == "mark":
        style["background-color"] = parsed("yellow")
    for name, attribute, tags in (
        ("color", "color", ("font", "basefont")),
        ("color", "text", ("body",)),
        ("background-color", "bgcolor", None),
    ):
        if (tags is None or element.tag in tags) and (value := (element.get(attribute) or "").strip()):
            style[name] = parsed(f"#{value}" if _HEX.fullmatch(value) else value)
    if element.get("background"):
        style["background-image"] = parsed("url(x)")
    if element.tag == "font" and (element.get("size") or "").strip() == "0":
        style["font-size"] = parsed("0")  # browsers show it as the smallest size; nobody writes it to be read
    return style


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
