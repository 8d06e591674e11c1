"""How answers and refusals are worded. All sentences that users read in an answer are made here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from index.annotate.passages import when
from index.text.places import COUNTRY, identify, lookup, senses
from index.types import Context, Coverage, Kind
from rag.types import Bound, Grounded, Polarity, Query, Row, Statement
from rag.understand.asked import Operation
from rag.understand.english import pinyin

SAID_ONCE = 3  # lines with one label from which it stands above them
MOST_COVERED, MOST_NAMED = 10, 5  # places that a refusal lists; of more than those, that it names
UNSURE = "原文没有同样的说法，以上是最接近的几处，请看出处核对。"
MODEL_DECLINED = "模型认为所给段落没有写明"
MODEL_WITHHELD = "模型的草稿没有通过核对，没有采用"
LONGEST_INDICATOR = 16  # characters of an indicator's name
KIND_NAMES: dict[Kind, str] = {"target": "目标", "result": "实绩", "cumulative": "累计", "other": ""}
_ENGLISH_BOUNDS: dict[Bound, str] = {"exact": "", "about": "about ", "at_least": "at least ", "stated": "as stated, "}
_KIND_ENGLISH: dict[Kind, str] = {"target": "target", "result": "result", "cumulative": "cumulative", "other": ""}
# A connective, or a short phrase up to the first comma that names a time or who says so.
_LEAD = re.compile(
    r"(?:[\s，,、；;：:]|(?:其中|[此另]外|同时|[比例]如|为此)[，,]?|[\u4e00-\u9fff]{1,6}(?:悉|来看)[，,]"
    r"|(?:在|进入)?(?:\d{4}|[^十\d\s，,]{1,4})年来?[里中]?[，,])+"
)
_BRACKETS = str.maketrans("[]［］", "〔〕〔〕")
_TRAIL = re.compile(r"(?<![\s，,、；;。：:！!？?])[\s，,、；;。：:！!？?]++$")


def literal(text: str) -> str:
    """Words of a document, a person or a model as they stand in an answer: square brackets are the marks of its
    citations there, so theirs are written as the brackets of official numbers are."""
    return text.translate(_BRACKETS)


def trimmed(text: str) -> tuple[int, int]:
    """Bounds of the telling part of a clause: without connectives and times in front and punctuation behind."""
    start = match.end() if (match := _LEAD.match(text)) else 0
    end = match.start() if (match := _TRAIL.search(text)) else len(text)
    return (start, end) if end > start else (0, len(text))


def indicator(text: str) -> str:
    """The indicator in the words before a figure: “全区生产总值增长” of “主要预期目标是:全区生产总值增长5.5%”."""
    return re.split(r"[：:，,]|预期目标[是为]|预期", text)[-1].strip(" 、")


def label(context: Context) -> str:
    """“2025年市北区目标”."""
    return f"{when(context)}{literal(context.place or '')}{KIND_NAMES[context.kind]}"


def english_label(context: Context) -> str:
    """“Shibei (市北区), 2025, target”."""
    known = lookup(context.place or "")
    short = known.short if known else context.place
    name = "China" if context.place == COUNTRY else pinyin(short or "").capitalize()
    place = f"{name} ({literal(context.place or '')})" if name else ""
    time = str(context.year) if context.year else "-".join(map(str, context.period)) if context.period else ""
    return ", ".join(part for part in (place, time, _KIND_ENGLISH[context.kind]) if part)


def lines(query: Query, marked: Sequence[tuple[Statement, int]]) -> list[str]:
    """The cited lines of an answer. Where three or more in a row are of one place, time and kind, that is said once."""
    found: list[str] = []
    for head, group in groupby(marked, key=lambda each: label(each[0].context)):
        several = list(group)
        if query.english or not head or len(several) < SAID_ONCE:
            found += [line(query, statement, marker) for statement, marker in several]
        else:
            found += [f"{head}：", *(f"· {_without_place(s)}。[{marker}]" for s, marker in several)]
    return found


def line(query: Query, statement: Statement, marker: int) -> str:
    """One cited line of an answer."""
    if query.english:
        return f"{english_label(statement.context)}: “{literal(statement.words)}”. [{marker}]"
    head = label(statement.context)
    return f"{head}：{_without_place(statement)}。[{marker}]" if head else f"{literal(statement.words)}。[{marker}]"


def _without_place(statement: Statement) -> str:
    """The words of a statement whose label tells the place: a clause that names it needs no second one."""
    label = statement.context.place or ""
    bare = identify(label).name if label else ""
    return literal(statement.words.removeprefix(label).removeprefix(bare))


def sentence(query: Query, grounded: Grounded, markers: Sequence[int]) -> str:
    """A model's sentence with its markers. What it leaves unsaid of place and time goes in front when all its evidence
    agrees; an English sentence is followed by the Chinese that it rests on."""
    marks = "".join(f"[{marker}]" for marker in dict.fromkeys(markers))
    text = literal(grounded.text)
    if query.english:
        quoted = [literal(s.words.strip()) for s in grounded.evidence if s.words not in grounded.text]
        quotes = "; ".join(dict.fromkeys(f"“{words}”" for words in quoted))
        return f"{text} ({quotes}) {marks}" if quotes else f"{text} {marks}"
    contexts = {s.context for s in grounded.evidence}
    told = [t for c in contexts for t in (when(c), literal(c.place or "")) if t]
    if len(contexts) == 1 and not all(t in text for t in told):
        text = f"{label(next(iter(contexts)))}：{text}"
    return text + marks


def model_failed(reason: str) -> str:
    """Why there is no answer of the model."""
    return f"模型没能作答（{reason}）"


def instead(note: str, *, refused: bool) -> str:
    """A note on the model's part, with what is shown instead of it."""
    return f"{note}。" if refused else f"{note}，以下是报告原文摘录。"


def left_out(count: int) -> str:
    """A note on sentences that were taken out of an answer."""
    return f"模型的草稿有{count}句没有通过核对，已略去。"


def cell(row: Row) -> str:
    """One line of a rank."""
    return f"{row.place or row.period}：{row.value or row.wording}[{row.marker}]"


def answered(query: Query, polarity: Polarity | None) -> str:
    """“是。” or “否。” in front of the quote that says so."""
    if polarity is None:
        return ""
    return f"{polarity.capitalize()}. " if query.english else "是。" if polarity == "yes" else "否。"


def asked_about(query: Query) -> str:
    """What a question is about, in Chinese: “市北区2026年的“新增就业”目标”."""
    named = (*query.places, *query.unknown_places)
    place = "、".join(named) if len(named) <= _SHORTEST_LIST else "各地"
    times = _years(query.years) or (f"{query.period[0]}—{query.period[1]}年" if query.period else "")
    words = "".join((*query.names, *query.topic.split()))
    topic = f"“{words}”" if query.topic else "这方面"
    kind = KIND_NAMES[query.kind] if query.kind else "内容"
    return f"{place}{times}{'的' if place or times else ''}{topic}{kind}"


def differing(rows: Sequence[Row], *, same: bool) -> str | None:
    """A note when the sides of a comparison do not name their indicator alike: “口径不同：市北区写“新增就业” …”; `same`
    when they are known to mean one."""
    wordings = dict.fromkeys(row.wording for row in rows)
    if len(wordings) < 2 or any(len(w) > LONGEST_INDICATOR for w in wordings):
        return None
    sides = {w: next(r for r in rows if r.wording == w) for w in wordings}
    many = len({row.place for row in rows}) > 1
    told = "，".join(f"{r.place if many and r.place else r.period}写“{w}”" for w, r in sides.items())
    return f"{'写法' if same else '口径'}不同：{told}"


def refusal(query: Query, coverage: Coverage, covered: Sequence[str]) -> str:
    """Why there is no answer, and what there is instead."""
    if query.type == "beyond":
        reason = "这个问题超出了报告原文：资料只写了做了什么、计划做什么，没有写原因、看法、预测或办事信息。"
    elif query.shared:
        reason = which_one(*query.shared)
    elif query.unknown_places and not query.places:
        reason = f"资料里没有{'、'.join(query.unknown_places)}的内容。" + "".join(map(_namesakes, query.unknown_places))
    elif query.years and not set(query.years) & set(coverage.years):
        reason = f"资料里没有{_years(query.years)}的内容。"
    else:
        reason = f"现有资料没有写{query.question if query.english else asked_about(query)}。"
    if query.english:
        reason = f"The reports do not say. ({reason})"
    return literal(reason) + ("\n" + "\n".join(f"· 有：{what}" for what in covered) if covered else "")


def unsaid(contexts: Sequence[Context]) -> str:
    """A note on what is quoted and does not say when or where; "" where all of it does."""
    time = any(c.year is None and c.period is None for c in contexts)
    silent = [name for name, missing in (("时间", time), ("地区", any(not c.place for c in contexts))) if missing]
    return f"原文没有写明{'和'.join(silent)}。" if silent else ""


def of_other_kind(asked: Kind, contexts: Sequence[Context]) -> str:
    """A note on what is quoted and is a target where the question hints at a result, or the other way around; "" where
    some of it is of the kind asked for."""
    kinds = {c.kind for c in contexts}
    said = next((kind for kind in ("target", "result", "cumulative") if kinds == {kind}), asked)
    return f"以上是{KIND_NAMES[said]}，不是{KIND_NAMES[asked]}。" if (said == "target") != (asked == "target") else ""


def which_one(name: str, places: Sequence[str]) -> str:
    """The question back where several covered places have the name that was asked about."""
    return f"叫“{name}”的有{len(places)}处：{'、'.join(places)}。请写明是哪一处。"


def _namesakes(name: str) -> str:
    """The question back where several places have a name, and nothing tells which of them is meant."""
    places = tuple(dict.fromkeys(sense.place.label for sense in senses(name) if sense.rank == 0))
    return which_one(name, places) if len(places) > 1 else ""


def whole_coverage(coverage: Coverage, places: Sequence[str] = ()) -> tuple[str, ...]:
    """For each covered place its years: “市北区2023年、2024年”; of more than MOST_COVERED places one line, with those
    that most is said of and the years that most of them share."""
    years = {place: _years_of(place, coverage) for place in coverage.places if not places or place in places}
    years = {place: found for place, found in years.items() if found}
    if len(years) <= MOST_COVERED:
        return tuple(f"{literal(place)}{_years(sorted(found))}" for place, found in years.items())
    said = Counter(context.place for context in coverage.contexts)
    first = sorted(years, key=lambda place: -said[place])[:MOST_NAMED]
    shared = Counter(year for found in years.values() for year in found)
    common = [year for year in sorted(shared) if shared[year] * 2 > len(years)]
    return (literal(f"{'、'.join(first)}等{len(years)}个地区{_years(common)}"),)


def _years_of(place: str, coverage: Coverage) -> set[int]:
    return {context.year for context in coverage.contexts if context.place == place and context.year}


def _years(years: Sequence[int]) -> str:
    return "、".join(f"{year}年" for year in years)


# Lines that are computed. Each names the quotes that it is computed from.

NO_NUMBERS = "资料里没有可以比较的两个数，没有计算。"
OTHER_RELATIONS = "各处的口径不同（新增、总量、增长不能相减），没有计算。"
_SHORTEST_LIST = 8  # places; of more only the first few are named
_BOUNDS: dict[Bound, str] = {"exact": "", "about": "约", "at_least": "至少", "stated": ""}


def side(context: Context, contexts: Sequence[Context]) -> str:
    """What tells `context` from the others of `contexts`: “市北区”, “2025年”, “实绩”."""
    place = literal(context.place or "") if len({c.place for c in contexts}) > 1 else ""
    time = when(context) if len({when(c) for c in contexts}) > 1 else ""
    kind = KIND_NAMES[context.kind] if len({c.kind for c in contexts}) > 1 and not place else ""
    return f"{time}{place}{kind}" or label(context)


def _basis(formula: str, first: int, second: int) -> str:
    return f"（按[{first}]与[{second}]计算：{formula}）"


def _english_basis(formula: str, first: int, second: int) -> str:
    return f"(computed from [{first}] and [{second}]: {formula})"


def difference(query: Query, names: Sequence[str], by: tuple[str, str, Bound], basis: tuple[str, int, int]) -> str:
    """“市北区比李沧区多0.5万人（按[1]与[2]计算：4万人−3.5万人）。”; `by` is 多, 少, 高 or 低, how much, how sure."""
    adverb, amount, bound = by
    if query.english:
        sign = "−" if adverb in "少低" else "+"
        return f"{names[0]} against {names[1]}: {_ENGLISH_BOUNDS[bound]}{sign}{amount} {_english_basis(*basis)}."
    stated = "按写明的数，" if bound == "stated" else ""
    return f"{stated}{names[0]}比{names[1]}{_BOUNDS[bound]}{adverb}{amount}{_basis(*basis)}。"


def quotient(
    query: Query,
    operation: Operation,
    names: Sequence[str],
    result: tuple[str, bool, Bound],
    basis: tuple[str, int, int],
) -> str:
    """“市北区是李沧区的1.5倍（…）。”; `result` is how much, whether it is no decline, and how sure."""
    amount, rises, bound = result
    sure = _BOUNDS[bound]
    if query.english:
        what = {"ratio": "as a multiple of", "share": "as a share of"}.get(operation, "growth over")
        told = f"{_ENGLISH_BOUNDS[bound]}{'' if rises else '−'}{amount}"
        return f"{names[0]} {what} {names[1]}: {told} {_english_basis(*basis)}."
    stated = "按写明的数，" if bound == "stated" else ""
    said = {
        "ratio": f"{names[0]}{sure}是{names[1]}的{amount}",
        "share": f"{names[0]}{sure}是{names[1]}的{amount}",
    }.get(operation, f"{names[0]}比{names[1]}{sure}{'增长' if rises else '下降'}{amount}")
    return f"{stated}{said}{_basis(*basis)}。"


def equal(query: Query, names: Sequence[str], amount: str, markers: Sequence[int]) -> str:
    """“市北区、李沧区相同，均为3%（按[1][2]比较）。”"""
    marks = "".join(f"[{m}]" for m in markers)
    if query.english:
        return f"{', '.join(names)}: the same, {amount} (compared: {marks})."
    return f"{_some(names)}相同，均为{amount}（按{marks}比较）。"


def first_of(query: Query, first: Sequence[tuple[str, str, int]], count: int | None, adverb: str) -> str:
    """“按3处写明的数比较，最高的是市北区5%左右[1]。”; `first` are the names, figures and markers of those that stand
    first, `count` is how many are shown, None when there are more."""
    told = "、".join(f"{name}{figure}[{marker}]" for name, figure, marker in first)
    if query.english:
        word = {"高": "highest", "低": "lowest", "多": "most", "少": "fewest"}[adverb]
        return f"Of the {f'{count} ' if count else ''}figures stated, the {word}: {told}."
    return f"按{f'{count}处' if count else ''}写明的数比较，最{adverb}的是{told}。"


def _some(names: Sequence[str]) -> str:
    return "、".join(names) if len(names) <= _SHORTEST_LIST else f"{'、'.join(names[:3])}等地"


def not_found(places: Sequence[str]) -> str:
    """Which places a table leaves out: the figure may be there in other words."""
    return f"没有找到同一写法的数：{'、'.join(places)}。"


def kept_to(limit: str, count: int, of: int) -> str:
    """How many of the places that state the figure keep to a limit."""
    return f"{of}处写明了数，{f'其中{count}处' if count else '没有一处'}符合“{limit}”。"


def other_units(units: Sequence[str]) -> str:
    return f"各处的单位不同（{'、'.join(unit or '无' for unit in units)}），没有计算。"


def other_indicators(names: Sequence[str]) -> str:
    return f"各处写的不是同一个指标（{'、'.join(f'“{name}”' for name in names)}），没有计算。"


def open_ended(figure: str) -> str:
    """Why nothing is computed: “2.2万人以上” may be any larger number."""
    return f"原文写的是“{figure}”，不是确切的数，算不出准确的结果。"


def contradicted(query: Query, statement: Statement, title: str, marker: int) -> str:
    """“另一份资料说法不同：《…》写的是“新增就业9万人”。[2]”"""
    words, name = literal(statement.words), literal(title)
    if query.english:
        return f"Another report differs: 《{name}》 has “{words}”. [{marker}]"
    return f"另一份资料说法不同：《{name}》写的是“{words}”。[{marker}]"


def narrow(contexts: Sequence[Context]) -> str | None:
    """An offer to narrow a question down, when it is answered for several places or times."""
    places, times = {c.place for c in contexts}, {when(c) for c in contexts}
    open_ = [name for name, many in (("地区", len(places) > 1), ("年份", len(times) > 1)) if many]
    if not open_:
        return None
    return f"可以指明{'和'.join(open_)}，例如“{when(contexts[0])}{literal(contexts[0].place or '')}”。"
