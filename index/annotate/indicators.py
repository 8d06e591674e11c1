"""What a figure is a figure of: the noun phrase without verbs, times and places around it, and its one form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.annotate.leads import BEGINS, CREATES, Word, words_of
from index.text.lexicon import any_of, rows
from index.text.numbers import family_of
from index.text.places import lookup
from index.text.times import find_times

_HAN = r"[\u4e00-\u9fff]"
_ASIDE = re.compile(  # what says where and when, beside the names that have a place in a table or a calendar
    r"[全我][区市省县州](?=.{2})|[全当近]年|年[底末内初]|(?:\d{4}年?|\d{1,2}月)[底末初前]?|[\d三五十多]{1,3}年(?=累计)|连续\d+年"
    r"|.{0,12}预期目标[是为]?(?=.)|其中|[、，, ①-⑳]"
)
_TIME_ENDS = re.compile(r"以来|[底末初内间来]")
_AFFIX = frozenset("率额值度量数性型类化的")  # what makes the word ahead of it a part of a name: 参保率
_MEASURED = re.compile(r"面积|规模(?!化)|强度|总[量额数]|收入|用地|能力")  # 建设面积
_KEPT = re.compile(r"(?:城镇|新增|扶持|带动){0,2}(?:就业|创业)|[进出]口")
_NEW = re.compile(rf"新(?={any_of(CREATES)})")
MADE = re.compile(rf"新(?:增|{any_of(CREATES)})")
SURELY = 1.5  # log odds of a verb that is said of the noun ahead of it, rather than a part of its name
_HOW = re.compile("重点|高(?:质量|标准)|全面|有序")
_MEASURE = re.compile(  # what is measured, so that a name that ends on it is complete
    r"(?:[率额量值数幅重比积润]|收入|比例|标准|投资|消费|[进出]口|产能|规模|里程)$"
)
COMPARES = re.compile(r"占|[高低快好]于|[高超]出|是(?=.)|由(?=.)|从(?=.)|相当于|[比较]")  # what was named before
LONGEST = 400  # characters ahead of a figure in which its name stands; reports write no more than 200
PART = re.compile(r"^(?:(?:年度|总)?(?:投资额?|规模|面积)|注册资本(?:规模)?|营业额|资金)$")
_MARKS = re.compile(r"[“”‘’\"'《》\s（）()]")
_SHORT = {row["term"]: row["name"] for row in rows("indicators.tsv")}  # what says the same in other words
_SHORTS = re.compile(any_of(_SHORT))
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^(?:[全我][区市省县州]|全国|[区市省县]级(?=一般)|地方(?=一般))"), ""),
    (re.compile(r"(?:地区|国内)(?=生产总值)"), ""),
    (re.compile(r"^(?:城镇|新增){1,2}就业(?:人[数口])?$"), "城镇新增就业"),
    (re.compile(r"^(?:外贸|货物)?进出口(?:(?:贸易)?总?额|总值)?$"), "货物进出口总额"),
    (re.compile(r"(?<=消费品零售)额$"), "总额"),
    (re.compile(r"研发投入占生产总值的?比重$"), "研发投入强度"),
    (re.compile(r"^(?:税收)?[过超]?(?=亿元)|(?<=亿元)级"), ""),
    (re.compile(r"(?:数量|总[量数]|户数|存量)$"), ""),
    (re.compile(r"[、和与及]"), "、"),
)


@dataclass(frozen=True, slots=True)
class Core:
    """What is left of the words before a figure: `text`, without verbs in front; `subject`, who does it;
    `creates` when a verb says that something came into being, `verbs` when there was any."""

    text: str
    subject: str = ""
    creates: bool = False
    verbs: bool = False


def core_of(words: str, place: str | None) -> Core:
    """The noun phrase in `words`, without time, place, adverbs and verbs in front."""
    return _core(words.strip()[-LONGEST:], place)


@lru_cache(maxsize=1 << 14)
def _core(text: str, place: str | None) -> Core:
    lead = _lead(text, place)
    rest = text[lead.end :]
    words = words_of(rest)
    made = [i for i, word in enumerate(words) if (word.creates or word.text in BEGINS) and word.start > 1]
    if _KEPT.match(rest) or not made or _is_name(words, made[-1]) or _measures(words, made[-1]):
        return Core(rest, "", lead.creates, lead.verbs)
    first = last = made[-1]
    while first > 1 and words[first - 1].leads:
        first -= 1
    return Core(rest[words[last].end :], rest[: words[first].start], lead.creates or words[last].creates, True)


@dataclass(slots=True)
class _Lead:
    """What stands ahead of a name: up to where in the text, and whether a verb of it says that something came into
    being, and whether there is a verb."""

    end: int = 0
    creates: bool = False
    verbs: bool = False


def _lead(text: str, place: str | None) -> _Lead:
    """The times, places, adverbs and verbs in front of the name in `text`, one after another."""
    lead = _Lead()
    times = {time.start: time.end for time in find_times(text, 0)}
    words = words_of(text)
    at = {word.start: i for i, word in enumerate(words)}
    while lead.end in at and not (_KEPT.match(text, lead.end) or COMPARES.match(text, lead.end)):
        aside = _aside(text, lead.end, times, place)
        if aside > lead.end and (aside in at or aside == len(text)):
            lead.end = aside
            continue
        if _NEW.match(text, lead.end) and lead.end + 1 not in at:
            rest = _lead(text[lead.end + 1 :], place)  # 新开通 is segmented 新开, 通
            return _Lead(lead.end + 1 + rest.end, True, True)
        word = words[at[lead.end]]
        if not _stands_ahead(words, at[lead.end], lead):
            break
        lead.creates |= word.creates or word.text == "新"
        lead.verbs |= word.creates or word.tag[0] == "v"
        lead.end = word.end
    return lead


def _stands_ahead(words: Sequence[Word], at: int, lead: _Lead) -> bool:
    """Whether `words[at]`, behind `lead`, is a verb, or with a verb behind it says how, goes on or makes it new."""
    word = words[at]
    if word.leads:
        return not _is_name(words, at)
    how = word.tag in ("a", "ad") or _HOW.fullmatch(word.text) is not None or (lead.verbs and word.tag in ("c", "ul"))
    return how and (at + 1 == len(words) or words[at + 1].leads)


def _measures(words: Sequence[Word], at: int) -> bool:
    """Whether all that stands behind the verb `words[at]` is what is measured of it: 铁路建设投资."""
    return at + 2 == len(words) and complete(words[-1].text)


def _is_name(words: Sequence[Word], at: int) -> bool:
    """Whether the verb `words[at]` is a part of the name: 建设用地, 投资."""
    if at + 1 == len(words):
        return not words[at].known or (words[at].tag == "vn" and not words[at].creates) or complete(words[at].text)
    rest = "".join(word.text for word in words[at + 1 : at + 3])
    return len(rest) == 1 or words[at + 1].text in _AFFIX or _MEASURED.match(rest) is not None


def _aside(text: str, start: int, times: Mapping[int, int], place: str | None) -> int:
    """Where a time or a place that begins at `start` ends, or `start` where there is none."""
    if start in times:
        ends = _TIME_ENDS.match(text, times[start])
        return ends.end() if ends else times[start]
    if here := _ASIDE.match(text, start):
        return here.end()
    known = lookup(place or "")
    for name in (place, *((known.name,) if known else ())):
        if name and text.startswith(name, start) and len(text) > start + len(name) + 1:
            return start + len(name)
    return start


def noun_behind(words: str) -> str:
    """The noun phrase that a figure stands before: 处变电站建设 is about 变电站."""
    text = re.sub(r"^(?:的|以上的?|左右的?)", "", words).strip("，、。；：,; ")
    text = re.split(r"，|。|；", text, maxsplit=1)[0]
    head = text[: _predicate(words_of(text))]
    if _lead(head, None).end == len(head):
        return ""  # a verb alone: 统筹20亿元实施6个专项
    return text if len(head) < 2 else head[:40]


def _predicate(words: Sequence[Word]) -> int:
    """Where what is said of a noun begins: the verbs at the end (变电站|全面建成), a verb with what it does (企业|入选…)."""
    cut = len(words)
    while cut > 1 and (words[cut - 1].does or words[cut - 1].tag == "d"):
        cut -= 1
    for at in range(1, cut - 1):
        if words[at].tag == "v" and words[at].known and words[at].odds >= SURELY and not _is_name(words, at):
            cut = at
            break
    while cut > 1 and words[cut - 1].tag in ("d", "ad", "p", "c"):
        cut -= 1
    return words[cut - 1].end if words else 0


def complete(name: str) -> bool:
    """Whether a name ends on what is measured, so that nothing behind the figure belongs to it: 赤字率, 总投资额."""
    return _MEASURE.search(name) is not None


def generic(noun: str) -> bool:
    """Whether a noun says too little alone, being one short word: 企业, 项目."""
    return len(noun.removeprefix("重点")) <= 2 and len(words_of(noun.removeprefix("重点"))) <= 1


def vague(name: str, unit: str) -> bool:
    """Whether a name says nothing without what it belongs to: 总投资, so many 项目."""
    return PART.match(name) is not None or (generic(name) and family_of(unit) == "个")


def shared_names(words: str, place: str | None) -> list[str]:
    """The names that `words` list, with what only the last one says added to the others: 城镇、农村居民收入."""
    names = [name for name in re.split(r"、|和|与|及", core_of(words, place).text.strip("、 ")) if name]
    if len(names) < 2:
        return []
    import rjieba

    *before, last = names
    words_of_last = rjieba.cut(last)
    return [*(name + _shared(name, last, words_of_last) for name in before), last]


def _shared(name: str, last: str, words: list[str]) -> str:
    """What `name` leaves to the last name of its list to say: 产量 of 粮食、蔬菜产量."""
    if name.startswith("第") or len(name) == 1:
        return last[len(name) :]
    if len(words) < 2 or name[-1] in (last[-1], "”") or _MEASURE.search(name) or not _MEASURE.search(last):
        return ""
    return "".join(words[1:]) if len(name) == 2 else words[-1]


def name_of(indicator: str) -> str:
    """One form for the names of one indicator."""
    text = _SHORTS.sub(lambda match: _SHORT[match[0]], _MARKS.sub("", indicator))
    for pattern, form in _FORMS:
        text = pattern.sub(form, text) or text
    return text
