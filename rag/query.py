"""A question and the questions before it -> Query: place, time, kind, type and topic."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from index.places import Mention, find_places, lookup, parent
from index.times import Time, find_times
from index.types import Coverage, Kind
from rag.english import chinese_cues, is_english, uncovered_names
from rag.fold import fold
from rag.terms import formal, translated
from rag.types import Query, QuestionType
from rag.units import ASKED_UNIT, asked_unit
from rag.words import tagged

# Cues of a planned figure and of a reached one; the plain forms decide even where the other side has a cue too.
_TARGET = re.compile(
    r"计划|目标|预期|力争|打算|准备|安排|拟|规划|想(?!知|问|了解|查|请)|答应|承诺|确保|争取|争创|将(?!军|近)|会不会|能不能|会新|会建|即将|接下来"
    r"|(?<![需重主紧必只首纪])要(?!点|求|闻|是|么|的)"
)
_RESULT = re.compile(
    r"实际|实绩(?!企业)|已经|已|完成(?:了|得|数|情况|的)|完成(?=多少)|实现了|达成|成绩|做了|搞了|[增建办开盖拆修发花引拿新][\u4e00-\u9fff]{0,3}了|了多少|了几|结果|最终|真正|到底.{0,4}了|完工|落实了"
)
_NOT_TARGET = re.compile(r"(?:不是|不要|不|除|并非|而非|非)[^，。？]{0,8}(?:计划|目标|预期)(?:数|值)?|计划数?除外")
_NOT_RESULT = re.compile(r"(?:不是|不要|不|并非|而非|非)[^，。？]{0,4}(?:完成|实际|实绩|结果)(?:数|值)?")
_BOTH_KINDS = re.compile(
    r"(?:目标|计划|预期).{0,14}(?:完成|实际|结果|实绩(?!企业)|达成)|(?:完成|实际|结果|实绩(?!企业)).{0,14}(?:目标|计划|预期)"
)
_CUMULATIVE = re.compile(r"累计|合计|总共|一共|加起来|五年下来|5年下来")

_BEYOND = re.compile(
    r"为什么|为何|为啥|什么原因|原因是|怎么看|你觉得|你认为|你怎么|预测|会涨|会跌|未来会|怎么办理|如何办理|怎么申请|如何申请|联系方式|电话|地址|几点|营业时间|天气|下雨"
    r"|推荐|建议我|写一?[首篇封段个]|翻译|讲个|笑话|股票|哪个更适合|更适合|值得|好不好|评价一下|应该"
)
_COMPARE = re.compile(
    r"比较|对比|相比|[^\d]比[^上去前例赛如重]|谁(?:更|的|多|高|少|大|计划)|哪(?:个|边|家|区)?(?:更|年多|年高|高|多|大|低)|更(?:多|高|大|低|少)|差(?:多少|几|距)|高还是低|多还是少"
    r"|\bvs\b|一样吗|调高|调低|分别|各(?:是|多|有|引|建|自|新)|变化|翻了几|是.{0,3}几倍|higher|lower|compare|versus|difference"
)
_LIST = re.compile(
    r"哪些|哪几|有什么(?!.{0,2}平台)|都有谁|有谁|都有|列出|列一下|列举|全部|分别(?:是|为)什么|分别是哪|包括|哪(?:\d+|[两三四五六七八九十])(?:个|条|大|项|方面|座|所|家|类|件)|[哪那]五|什么措施|举措|干些什么|做些什么|what are|which .*s\b|list"
)
_NUMBER = re.compile(
    r"多少|几(?:个|家|人|件|项|处|座|所|条|套|户|辆|亩|米|公里|场|次|张|支|部|艘|成|万|亿|名|座|倍|批|类|轮|只|栋|片|间|位)|百分之几|第几|多大|多高|多长|多宽|多快|增速|增幅|增长率|比例是|规模|数量|金额|人数"
    r"|几[件项处]|how many|how much|what percent|percentage"
)
_WHO = re.compile(r"谁|哪位|什么人|who\b")
_WHERE = re.compile(r"在哪|哪里|哪儿|什么地方|何处|where\b")
_WHEN = re.compile(r"什么时候|何时|几月|哪天|哪一天|哪年|哪一年|几号|什么时间|when\b")
_YESNO = re.compile(
    r"吗[？?]?$|有没有|是不是|是否|会不会|能不能|能否|有无|没有[？?]?$|^(?:is|are|does|do|did|will|has|have)\b"
)
_SUMMARY = re.compile(r"主要内容|概括|总结|介绍一下|简述|主要做|整体情况|总体情况|summar|overview")
_FIVE_YEARS = re.compile(
    r"(?:这|这过去的?|那)[五5]年(?:来|里|间|下来)?|(?<![第过去\d])[五5]年(?:下来|加起来|合计|总共|一共|累计)"
)
_LISTED_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?=\s*(?:[、,，/和与及跟]|vs\.?)\s*(?:19|20)\d\d)")
_ENGLISH_STOPS = re.compile(
    r"\b(?:the|a|an|of|in|on|at|to|by|for|and|or|is|are|was|were|be|been|do|does|did|will|would|it|its|s|that|this|with|from|as|many|much|how|what|which|there|any|than|over|during|period|year)\b"
)
# Words of a question that say nothing of its topic: phrases first, then single words.
_ASKING = re.compile(
    r"请问一?下?|告诉我|想知道|我想问|帮我查一?下?|麻烦|查一?下|是多少|有多少|多少|百分之几|第几|是什么|有什么|什么|哪些|哪几|哪个|哪家|哪位|哪里|哪儿|在哪|哪天|哪年"
    r"|怎么样|如何|怎样|怎么|是不是|有没有|是否|能不能|会不会|能否|列出来?|目标值?|计划数?|预期|完成数|实绩(?!企业)|换个话题|放到|加起来|五年|这一年|这个|那个|多大|多高|多长|到底|究竟|具体|大概|大约|总共|一共|合计|分别|各自|各是|一下"
)
_COUNTED = re.compile(
    r"(?:\d+|[一二两三四五六七八九十]+)(?:个方面|个|条|大(?![\u4e00-\u9fff]*学)|项|件|方面|点)(?=[^\d]|$)"
)  # “哪五条”, “5大”
_EMPTY_WORDS = frozenset(
    ["请", "哪", "谁", "几", "吗", "呢", "呀", "啊", "吧", "都", "有", "全部", "指标", "打算", "准备", "力争", "争取", "确保", "预计", "安排", "实际", "已经", "今年", "去年", "明年", "全年", "年底", "年初", "年末", "年度", "一年", "年", "那", "现在", "目前", "数字", "数据", "要", "将", "会", "想", "让", "给", "把", "被", "由", "对", "从", "到", "的", "了", "是", "在", "和", "与", "跟", "及", "或", "这", "其中", "还", "也", "就", "才", "又", "我", "你", "他", "它", "们", "咱", "我们", "他们", "人家", "太", "很", "情况", "方面", "各", "可以", "能", "个", "几个", "几家", "几件", "几处", "下", "上", "来", "去", "过", "着", "得", "地", "之", "等", "以", "为", "于", "所", "里", "里面", "这块", "那边", "底", "差", "更", "更高", "更多", "比", "对比", "相比", "比较", "一样", "不同", "变化", "高", "低", "多", "少", "大", "调高", "调低", "vs", "多少", "还是"]
)
_CONTEXTUAL = re.compile(
    r"呢[？?。]?$|^那|^换成|^放到|^那么|^如果是|^还有|^再|这[五5]年|^实际|^目标|^结果|^其中|它|^这|^为什么|^为何|^what about|^how about|^and\b"
)
_NEW_TOPIC = re.compile(r"换个话题|换一个|另外问|再问一个别的|另一个问题")
_WHOLE_CITY = re.compile(
    r"(?<![在居位列对接])全市(?!.{0,2}(?:排|第|首|前列|领先|最|占|数一数二))|整个市|全[\u4e00-\u9fff]{2}市?(?=的?\d|目标|呢|要|今年)|市里"
)
_ALL_DISTRICTS = re.compile(r"各区市?|各个区|所有区|每个区|各地|哪个区|哪些区|几个区|区市里|各县")


@dataclass(frozen=True, slots=True)
class _Said:
    """What one question says by itself."""

    query: Query
    times: tuple[Time, ...]
    fragment: bool  # cannot be understood without what came before
    new_topic: bool


def _display(text: str, mention: Mention) -> str:
    """The place as the asker wrote it, with the kind of division that follows a short name: 即墨区."""
    end = mention.end + (1 if text[mention.end : mention.end + 1] in ("区", "市", "县", "省") else 0)
    return text[mention.start : end]


def _places(text: str, coverage: Coverage) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Covered places, named but uncovered places, and the text without them."""
    covered = set(coverage.places)
    known: dict[str, None] = {}
    unknown: dict[str, None] = {}
    rest = text
    for mention in reversed(find_places(text, frozenset(covered))):
        name = _display(text, mention)
        if mention.place.name in covered:
            known[mention.place.name] = None
        else:
            unknown[name] = None
        rest = rest[: mention.start] + " " + rest[mention.start + len(name) :]
    places = list(reversed(known))
    if _WHOLE_CITY.search(rest) and not any((p := lookup(n)) and len(p.code) <= 4 for n in places):
        around = {up.name for n in covered if (p := lookup(n)) and (up := parent(p)) and up.name in covered}
        places += sorted(around)
        rest = _WHOLE_CITY.sub(" ", rest)
    if not places and _ALL_DISTRICTS.search(rest):
        places = [n for n in coverage.places if (p := lookup(n)) and len(p.code) == 6]
        rest = _ALL_DISTRICTS.sub(" ", rest)
    return tuple(places), tuple(reversed(unknown)), rest


def _without(text: str, times: Sequence[Time]) -> str:
    for time in reversed(times):
        text = text[: time.start] + " " + text[time.end :]
    return text


def _kind(text: str) -> Kind | None:
    """Target or result, where the question says it, for itself or by saying that it does not mean the other."""
    if _NOT_TARGET.search(text):
        return "result"
    plain = _NOT_RESULT.sub(" ", text)
    if plain != text:
        return "target"
    target, result = bool(_TARGET.search(text)), bool(_RESULT.search(text))
    return "target" if target else "result" if result else None


def _type(text: str, places: int, times: int) -> QuestionType:
    if _BEYOND.search(text):
        return "beyond"
    if places > 1 or times > 1:
        return "compare"
    for kind, pattern in (("who", _WHO), ("when", _WHEN), ("where", _WHERE)):
        if pattern.search(text) and not _NUMBER.search(text) and not _LIST.search(text):
            return kind  # type: ignore[return-value]
    if _LIST.search(text):
        return "list"
    if _NUMBER.search(text):
        return "number"
    if _WHO.search(text):
        return "who"
    if _SUMMARY.search(text):
        return "summary"
    return "yesno" if _YESNO.search(text) else "what"


def _topic(text: str) -> str:
    """The words of `text` that say what is asked about."""
    counted = _COUNTED.sub(" ", ASKED_UNIT.sub(" ", text))
    stripped = _ASKING.sub(" ", _ENGLISH_STOPS.sub(" ", re.sub(r"[^\w%“”·+]+", " ", counted)))
    return " ".join(word for word, _ in tagged(stripped) if word not in _EMPTY_WORDS)


def _listed_years(text: str) -> str:
    """“2023、2024和2025年” and “这五年” as times that can be found one by one."""
    return _LISTED_YEAR.sub(r"\1年", _FIVE_YEARS.sub("过去5年", text))


def _say(question: str, coverage: Coverage, asked: int) -> _Said:
    """What one question says, without the ones before it. `asked` is the year that 今年 means."""
    text = fold(question)
    english = is_english(text)
    meant = translated(chinese_cues(text, coverage.places)) if english else _listed_years(formal(text))
    places, unknown, rest = _places(meant, coverage)
    if english:
        unknown += uncovered_names(rest, text)
    said = _NOT_RESULT.sub(" ", _NOT_TARGET.sub(" ", rest))  # “不是2025年的计划数” names no time to look for
    times = tuple(find_times(said, asked, heading=True))
    bare = _without(said, times)
    years = tuple(dict.fromkeys(t.year for t in times if t.year))
    periods = [t.period for t in times if t.period]
    both = bool(_BOTH_KINDS.search(bare))
    kind = None if both else _kind(rest)
    query = Query(
        question=question,
        text=text,
        topic=_topic(bare),
        places=places,
        unknown_places=unknown,
        years=years,
        period=periods[0] if periods else None,
        kind="cumulative" if kind is None and periods and _CUMULATIVE.search(text) else kind,
        both_kinds=both,
        type="compare" if both else _type(bare, len(places) + len(unknown), len(years) + len(periods)),
        unit=asked_unit(bare),
        english=english,
    )
    fragment = bool(_CONTEXTUAL.search(text.lower())) or not query.topic
    return _Said(query, times, fragment, bool(_NEW_TOPIC.search(text)))


def _inherit(said: _Said, before: Query) -> Query:
    """A fragment keeps what the question before it said and it does not."""
    now = said.query
    timed = bool(now.years or now.period)
    placed = bool(now.places or now.unknown_places)
    topic = now.topic if len(now.topic.replace(" ", "")) >= 2 else ""
    same = not topic
    return replace(
        now,
        topic=topic or before.topic,
        places=now.places if placed else before.places,
        unknown_places=now.unknown_places if placed else before.unknown_places,
        years=now.years if timed else before.years,
        period=now.period if timed else before.period,
        kind=now.kind or before.kind,
        type=before.type if now.type in ("what", "yesno") else now.type,
        unit=now.unit or (before.unit if same else None),
    )


def _settle(query: Query, times: Sequence[Time], coverage: Coverage) -> Query:
    """Relative years that no report covers mean the newest covered one; either way the year taken is named.

    A stretch of years that no report covers as such means its first and its last year.
    """
    covered = coverage.years
    periods = sorted({c.period for c in coverage.contexts if c.period})
    relative = any(t.relative for t in times)
    if query.period and query.period not in periods:
        if relative and periods:
            return replace(query, period=max((p for p in periods if p <= query.period), default=periods[0]))
        if not relative:
            return replace(query, period=None, years=query.period, type="compare")
    if not relative or not query.years:
        return query
    years = tuple(y if y in covered or not covered else covered[-1] for y in query.years)
    return replace(query, years=tuple(dict.fromkeys(years)), assumed_year=years[0])


def understand(
    question: str, history: Sequence[str] = (), *, coverage: Coverage, today: date, self_contained: bool = False
) -> Query:
    """The meaning of `question` after the earlier questions `history`, oldest first.

    `today` gives 今年 its meaning. With `self_contained` the history is not used.
    """
    query: Query | None = None
    for earlier in [*history, question]:
        said = _say(earlier, coverage, today.year)
        here = said.query
        if query is not None and said.fragment and not said.new_topic and not self_contained:
            here = _inherit(said, query)
        query = _settle(here, said.times, coverage)
    assert query is not None  # the question itself is always the last
    return query
