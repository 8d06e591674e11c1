"""Whether the text goes on over a line break: signs with weights, for breaks that no word spans.

Each sign is small and named for what it sees; `weight` adds up those that hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from index.parse.lines import display_width

_OPENING, _CLOSING = "“‘「『（(《【[", "”’」』）)》】]"
_FIGURE = re.compile(r"\d")
_COMPLETE = re.compile(r"\d[\d.,]{0,24}+\s*+[万亿千百]?余?\s*+[^\d\s，。；、]{0,3}(?:[以左][上下内右])?$")
_GENRE = re.compile(r"[\u4e00-\u9fff]{0,14}[公报方通意规纲办计细条解摘][报告案知见划要法则例读](?:[（(].{2,14}[)）])?")
_FRAGMENT_FIRST = re.compile(r"[^，。；、：\d]{1,2}[，。；]")  # “下，在区人大 …”: no sentence begins so


@dataclass(frozen=True, slots=True)
class Break:
    """The texts of two lines and what their signs are read from."""

    before: str
    after: str
    narrowest: float | None  # width of the narrowest certain wrap nearby; None where nothing is wrapped
    last_tags: tuple[str, ...]  # parts of speech of the last words before the break
    first_tag: str  # and of the first word behind it

    @classmethod
    def between(cls, before: str, after: str, narrowest: float | None) -> Break:
        tags = tuple(tag for _, tag in _tagged(before[-12:]))
        return cls(before, after, narrowest, tags, _tagged(after[:12])[0][1])

    @property
    def wrapped(self) -> bool:
        return self.narrowest is not None

    @property
    def fills_the_column(self) -> bool:
        return self.narrowest is not None and display_width(self.before) >= self.narrowest - 0.5

    @property
    def verb_follows(self) -> bool:
        return self.first_tag == "v"


def _tagged(text: str) -> list[tuple[str, str]]:
    import rjieba

    return [(word, tag) for word, tag in rjieba.tag(text)]


def running_text(text: str) -> bool:
    """Whether it has the marks of a sentence that runs on."""
    return re.search(r"[，。；,]", text) is not None


def complete_figure(text: str) -> bool:
    """Whether it ends on a figure with its unit, as an entry of a list does."""
    return _COMPLETE.search(text) is not None


def _left_open(text: str) -> bool:
    """Whether it ends in mid-list or with a quote or bracket still open."""
    if text[-1] in "、，,（(“《—":
        return True
    return any(text.count(o) > text.count(c) for o, c in zip(_OPENING, _CLOSING, strict=True) if o != "‘")


def _open_or_closed_behind(at: Break) -> bool:
    return _left_open(at.before) or at.after[0] in "，。、；！？：,;" + _CLOSING


def _figure_waits_for_its_unit(at: Break) -> bool:
    waits = re.search(r"[，、；\u4e00-\u9fff]\d+$", at.before) and re.match(r"[\u4e00-\u9fff]", at.after)
    return bool(waits) and display_width(at.before) >= 10


def _title_in_two_lines(at: Break) -> bool:
    """“… 行动 | 实施方案”"""
    genre = _GENRE.fullmatch(at.after) and not _GENRE.fullmatch(at.before)
    return bool(genre) and not running_text(at.before)


def _figure_is_cut(at: Break) -> bool:
    return bool(re.search(r"\d$", at.before) and re.match(r"[\d.%％](?!\d{3}年)", at.after))


def _paragraph_stops_in_mid_sentence(at: Break) -> bool:
    return running_text(at.after) and (display_width(at.before) >= 60 or re.search(r"。.", at.before) is not None)


def _text_runs_on_in_a_full_column(at: Break) -> bool:
    return at.fills_the_column and running_text(at.before) and running_text(at.after)


def _at_most_four_wide(at: Break) -> bool:
    return display_width(at.after) <= 4


def _at_most_two_wide(at: Break) -> bool:
    return display_width(at.after) <= 2


def _no_sentence_begins_so(at: Break) -> bool:
    return at.first_tag not in ("t", "c", "r", "f") and _FRAGMENT_FIRST.match(at.after) is not None


def _rest_of_a_wrapped_line(at: Break) -> bool:
    return display_width(at.after) <= 8 and not at.verb_follows and at.wrapped


def _measure_word_waits_for_its_noun(at: Break) -> bool:
    """“加快2处”"""
    return len(at.last_tags) >= 3 and at.last_tags[-3:-1] == ("v", "m")


def _figure_of_the_line_before(at: Break) -> bool:
    """“引进人工智能项目 | 10个以上”"""
    return at.wrapped and re.match(r"\d", at.after) is not None and not _FIGURE.search(at.before)


def _next_entry_of_a_list(at: Break) -> bool:
    return at.verb_follows and complete_figure(at.before)


SIGNS: tuple[tuple[float, Callable[[Break], bool]], ...] = (
    (3, _open_or_closed_behind),
    (3, _figure_waits_for_its_unit),
    (2, _title_in_two_lines),
    (3, _figure_is_cut),
    (3, _paragraph_stops_in_mid_sentence),
    (1, lambda at: at.fills_the_column),
    (1, _text_runs_on_in_a_full_column),
    (1, _at_most_four_wide),
    (1, _at_most_two_wide),
    (2, _no_sentence_begins_so),
    (1, _rest_of_a_wrapped_line),
    (1, _measure_word_waits_for_its_noun),
    (1, _figure_of_the_line_before),
    (-2, _next_entry_of_a_list),
)


def weight(at: Break) -> float:
    """The sum of the signs that the line behind the break continues the one before it."""
    return sum(worth for worth, holds in SIGNS if holds(at))
