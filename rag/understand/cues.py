"""The words by which a question tells its times, what is to be computed, and what in it is no topic.

Lists of the language. What a question asks for is told by a learned head (`intent`): a new way of asking is a row of
`evals/questions/intents.tsv`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from index.text import polarity


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


# How many are asked for. Bounded, since what cannot be bounded is read again from each of its characters.
_COUNT = r"(?:\d{1,16}|[一二两三四五六七八九十]{1,16})"


def _words(text: str) -> Iterable[str]:
    return text.split()


# A planned figure and a reached one, side by side.
_PLANNED, _REACHED = "计划|目标|预期", "完成|实际|结果|达成"
SAYS_KIND = _any(_PLANNED, _REACHED, "实绩")  # other words only hint at it
BOTH_KINDS = _any(f"(?:{_PLANNED}).{{0,14}}(?:{_REACHED})", f"(?:{_REACHED}).{{0,14}}(?:{_PLANNED})")
# What a question says that it does not mean.
DENIED = re.compile(f"(?:不[是要]?|[并而]?非|除)[^，。？]{{0,6}}(?:(?P<planned>{_PLANNED})|{_REACHED}|实绩)[数值]?")
NOT_THEN = re.compile(r"(?:不[是要问]|[并而]非)(?:19|20)\d\d年的?")
# All that was done in a stretch of years.
_SUMMED = "[累合]计|[总一]共|加起来"
CUMULATIVE = _any(_SUMMED, "[五5]年下来")

# How many things of a list are asked for, or are said to be.
COUNTED_LIST = re.compile(rf"哪(?:[几些]|(?P<count>{_COUNT}))")
COUNTED_THINGS = re.compile(r"(?<!\d)(\d{1,16}|[两三四五六七八九十]{1,16})[个大项条件类处座家]")
# What an answer to how much, or when, has to hold at least.
NUMERAL = re.compile(r"[\d一二三四五六七八九十百千万亿两半倍首零]")
MOMENT = re.compile(r"[\d一二三四五六七八九十][年月日]|[年月][底初末内]|半年|季度|[上中下]旬|期间|时期|[前春夏秋冬]")
# What a question of yes or no claims: denied, or with a word that claims less.
ASKS_WHETHER = re.compile(r"([有是会能要])[没不]\1|还没|没有[？?]?$")
DENIES = re.compile(f"{polarity.DENIES.pattern}|停止|取消|暂缓")
RESTRICTING = tuple(_words("新增 部分 试点 探索 研究 争取 力争 推动 推进 加快 基本"))
DATED = re.compile(r"\d+年?|[的年]")  # what headings share with a question without its meaning them
# What sort of figure a question asks for, and what tells that a clause states another sort.
RATES = re.compile(r"[率比速幅]|增[长减]|[涨降]")  # what a percentage answers
GROWS = re.compile(r"增[长速幅]|涨[幅了]|降幅")
ASKS_CHANGE = re.compile(r"[增涨降]幅|增[长速]|提高|下降")
SHARES, CHANGES = re.compile(r"[占率]|比[重例]|之比|强度"), re.compile(r"增(?!加值)|[升涨降减翻倍]|提高|回落|收窄")
TOTALS = re.compile(r"达到?了?[多几]|总[数量]|累计|[共现]有|有(?:多少|几)[个家座所处]")
ADDS, REACHES = re.compile(r"新[增建开设]|[净再]增|增加"), re.compile(r"[达共总]|增[至到]|累计")
# What is to be computed, put in order or followed through the years: no part of the topic.
COMPUTING = _any(
    "(?:是.{0,10})?(?:几|多少)倍多?|占.{0,12}(?:比[例重]|百分之|几成)[是有达]?|占比|占(?=[^，。]{0,8}多少)",
    "相差|差[距额值别]|差多少|[高多]出|(?:[增减提上下][加少高升降]|(?<!速)[降涨增减])了?(?:多少|百分之几)|变化|几分之几|几个百分点",
)
_MEASURES = "多少高低大小快慢长短"
RANK = _any(
    rf"最[{_MEASURES}强]|排个?[名行序]|倒数|[从由][{_MEASURES}]到[{_MEASURES}]|前{_COUNT}[名位的个]",
    "highest|lowest|most|least|fewest|rank|top \\d",
)
RANKED_ALL = re.compile(rf"(?:前|倒数){_COUNT}[名位](?!额)")
TOP = re.compile(rf"(?:前|倒数|top |最[{_MEASURES}强]的)({_COUNT})(?!年)")
TREND = _any("[近这][几两三四]年|[历逐各年]年|变化趋势|走势|[如怎][何么样].{0,2}变", "over the years|trend")
EACH_YEAR = re.compile("分别|[每各]年|各是")  # of a stretch of years
THAN_BEFORE = _any("[比较同](?:[上去往]年|[上前]一年)", "than (?:last|the previous) year")
FROM = re.compile(r"[从自由](?=(?:19|20)\d\d\s*年?\s*(?:[到至—–~-]))")
THAN = re.compile(r"(?:相?[比较]于?|对比)(?=(?:19|20)\d\d年)")
# One mark for each thing asked: more than one means that more than a clause may be needed.
ASKS = _any(
    r"各(?=[是有多])|分别|多[少大]|[之第]几|几(?=[\u4e00-\u9fff])|谁|哪[天年家个位里些]|什么|如何",
    "how (?:many|much)",
)

# Times as people say them, before they are put into years.
FIVE_YEARS = _any("[这那](?:过去的?)?[五5]年(?:下?来|[里间])?", rf"(?<![第过去\d])[五5]年(?:下来|{_SUMMED})")
LISTED_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?=\s*(?:[、,，/和与及跟到至—–~-]|vs\.?)\s*(?:19|20)\d\d)")
# “2018到2022这五年”: the count only sums the years up.
YEARS_COUNTED = re.compile(r"(?<=\d\d[、,，/和与及跟到至—–~-])((?:19|20)\d\d)年?这?[几两三四五六七八九十]年[里间来中]?")
# A report by its year: what it says may be of other years.
REPORT = re.compile(
    r"((?:19|20)\d\d)年\s*(?:[的度]|[那这]份)?\s*(?:政府)?(?:工作)?报告(?:里面?|[中上])?"
    r"(?:[讲说写]到?|[提指列明][到出举确])?了?[的，,]?"
)
AND = re.compile(r"[\s的]*+(?:[和与及跟同比较、，,]|对比|还有)?[\s的]*+", re.IGNORECASE)
AS_OF = re.compile(r"截[至止到]|年[底末]")  # asks how things stood, not what was done in the year

LAST_YEAR = re.compile(r"(?<![比较])(?:上一?年|前一年)")  # in a follow-up, the year before the one that it follows
AGAINST_IT = re.compile(r"[跟和与同比](?:它|这个|前面|刚才)")
NEW_TOPIC = _any("换一?个话题|另(?:外问|一个问题)|问一?个别的")
