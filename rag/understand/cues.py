"""The words by which a question tells what it wants: kind, type, time, and what in it is no topic.

Lists of the language; a new way of asking goes here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


# How many are asked for. Bounded, since what cannot be bounded is read again from each of its characters.
_COUNT = r"(?:\d{1,16}|[一二两三四五六七八九十]{1,16})"


def _words(text: str) -> Iterable[str]:
    return text.split()


# A planned figure is meant, or a reached one; both words together leave it open.
TARGET = _any(
    "计划|目标|预期|力争|争取|打算|准备|安排|规划|拟|答应|承诺|确保|争创|即将|接下来|会新|会建|会不会|能不能",
    "想(?!知|问|了解|查|请)|(?:什么|哪些)新?(?:部署|动作)",
    "将(?!军|近)",
    "(?<![需重主紧必只首纪])要(?!点|求|闻|是|么|的)",
)
RESULT = _any(
    "实际|实绩(?!企业)|已经|已|实现了|达成|成绩|做了|搞了|结果|最终|真正|完工|落实了|了多少|了几|到底.{0,4}了",
    "完成(?:了|得|数|情况|的)|完成(?=多少)|[比较](?:上一?年|去年)",
    r"[增建办开盖拆修发花引拿新][\u4e00-\u9fff]{0,3}了",
)
NOT_TARGET = _any("(?:不是|不要|不|除|并非|而非|非)[^，。？]{0,8}(?:计划|目标|预期)(?:数|值)?", "计划数?除外")
NOT_RESULT = _any("(?:不是|不要|不|并非|而非|非)[^，。？]{0,4}(?:完成|实际|实绩|结果)(?:数|值)?")
NOT_THEN = re.compile(r"(?:不是|不要|而非|并非|不问)(?:19|20)\d\d年的?")
_PLANNED, _REACHED = "(?:目标|计划|预期)", "(?:完成|实际|结果|实绩(?!企业)|达成)"
SAYS_KIND = _any(_PLANNED, _REACHED)  # other words only hint at it
BOTH_KINDS = _any(f"{_PLANNED}.{{0,14}}{_REACHED}", f"{_REACHED}.{{0,14}}{_PLANNED}")
CUMULATIVE = _any("累计|合计|总共|一共|加起来|五年下来|5年下来")

# What is said, as it is written; phrases whose words by themselves mean something else.
SPOKEN = tuple(
    (re.compile(spoken), written)
    for spoken, written in (
        ("啥", "什么"),
        ("咋样", "怎么样"),
        ("咋", "怎么"),
        ("(?:[来去]?(?:游?玩|旅游|旅行|观光))的(?:老外|外国人)", "入境游客"),
        ("(?:[来去]?(?:游?玩|旅游|旅行|观光))的(?:人|客人)", "游客"),
        ("老外", "外国人"),
        ("花了(?=多少|几)", "花费"),
        ("公家", "财政"),
        ("地下铁", "地铁"),
        ("飞机场", "机场"),
        ("没工作的人?|丢了?工作的?人?", "失业"),
        ("找到?了?工作的?人?", "就业"),
        ("打了?(?=多少(?:亿|万)?(?:斤|吨).{0,2}粮)", "产"),
    )
)

# The type of a question. What asks beyond the text comes first: a report gives no reason, opinion or address.
BEYOND = _any(
    "为什么|为何|为啥|什么原因|原因是|怎么看|你觉得|你认为|你怎么|预测|会涨|会跌|未来会|更适合|值得|好不好|评价一下|应该|推荐|建议我",
    "(?:怎么|如何)(?:办理|申请|报名|投诉)|联系方式|(?:电话|地址)(?=号|是|多少|在哪|[？?]|$)|几点|营业时间|天气|下雨|股票",
    "写一?[首篇封段个]|翻译|讲个|笑话",
)
_WHAT_STEPS = (
    "(?:[有做列出]了?)?(?:什么|哪些)(?:新的?|具体的?|主要|重点)?(?:举措|措施|安排|打算|计划|部署|动作|考虑|政策)"
)
_HOW = "(?:怎么|如何|怎样)[去来]?(?:发展|推动|推进|支持|解决|保障|提高|提升|促进|建设|打造|落实|改善|加强|应对|保护|治理|扩大|扶持|帮助|培育|[稳促抓帮扩])"
LIST = _any(
    _HOW,
    "哪些|哪几|有什么(?!.{0,2}平台)|都有谁|有谁|都有|列出|列一下|列举|全部|分别(?:是|为)什么|分别是哪|包括|举措|[干做]些什么|[干做]了?什么",
    _WHAT_STEPS,
    r"哪(?:\d+|[一二两三四五六七八九十])(?:个|条|大|项|方面|座|所|家|类|件)",
    r"(?:\d{1,16}|[二两三四五六七八九十]{1,16})(?:件|项|条|大|类|方面)[^，。？?]{0,8}(?:是什么|是哪)",
    r"what are|which .{0,80}s\b|list",
)
# A field of which all is asked: “在养老方面有什么安排”, “怎么发展养老”, not “安排了哪几件事”.
FIELD = _any("(?:方面|领域|这一?块).{0,8}(?:什么|哪些)", _WHAT_STEPS, _HOW)
COUNTED_LIST = re.compile(r"哪(?:几|些|(?P<count>\d+|[一二两三四五六七八九十]+))")
COUNTED_THINGS = re.compile(r"(?<!\d)(\d{1,16}|[两三四五六七八九十]{1,16})(?:个|大|项|条|件|类|处|座|家)")
NUMBER = _any(
    "多少|百分之几|第几|多[大高长宽快]|增速|增幅|增长率|比例是|规模|数量|金额|人数",
    "几(?:公里|个|家|人|件|项|处|座|所|条|套|户|辆|亩|米|场|次|张|支|部|艘|成|万|亿|名|倍|批|类|轮|只|栋|片|间|位)",
    "(?:率|吞吐量|产量|里程|总量|总额|总值|增加值|产值|余额|面积|收入|支出|销售额|营业额|经费|客流量|周转量|浓度)[？?。]?$",
    "how many|how much|what percent|percentage",
)
# What an answer to how much, or when, has to hold at least.
NUMERAL = re.compile(r"[\d一二三四五六七八九十百千万亿两半倍首零]")
MOMENT = re.compile(r"[\d一二三四五六七八九十][年月日]|年[底初末内]|半年|季度|月底|[上中下]旬|期间|时期|[前春夏秋冬]")
# What a question of yes or no claims: denied, or with a word that claims less.
ASKS_WHETHER = re.compile(r"有没有|是不是|会不会|能不能|要不要|还没|没有[？?]?$")
DENIES = re.compile(r"没有|没能|未(?!来)|不(?!少于|低于|超过|高于|多于|断|仅|同|久)|无(?!障碍|人|线)|停止|取消|暂缓")
RESTRICTING = tuple(_words("新增 部分 试点 探索 研究 争取 力争 推动 推进 加快 基本"))
DATED = re.compile(r"\d+年?|[的年]")  # what headings share with a question without its meaning them
WHO = _any("谁|哪位|什么人", r"who\b")
WHERE = _any("在哪|哪里|哪儿|什么地方|何处", r"where\b")
WHEN = _any("什么时候|何时|几月|哪天|哪一天|哪年|哪一年|几号|什么时间", r"when\b")
YESNO = _any(
    "吗[？?]?$|有没有|是不是|是否|会不会|能不能|能否|有无|没有[？?]?$", r"^(?:is|are|does|do|did|will|has|have)\b"
)
SUMMARY = _any("主要(?:讲了什么)?内容|概括|总结|介绍一下|简述|主要做|[整总]体情况", "summar|overview")
# What is to be computed or put in order.
DIFFERENCE = _any(
    "相差|差多少|差距|差额|差值|差了|差[几在]|差别|高出|多出|[多少高低](?:了)?(?:多少|几)(?=[\\u4e00-\\u9fff]|[？?]|$)",
    "(?:增加|增长|减少|提高|提升|上升|下降|降低|变化)了?(?:多少|几)",
    "difference|how much (?:more|higher|less|lower|fewer)",
)
RATIO = _any("几倍|多少倍|倍数", "how many times")
SHARE = _any(
    "是.{0,10}(?:几分之几|百分之几)|占.{0,12}(?:比例|比重|百分之|几成)|占比|占.{0,8}多少(?=[？?]|$)",
    "what share|proportion",
)
GROWTH = _any(
    "[降涨增减]了?(?:百分之|多少%)|(?:增长|提高|上升|增加|下降|减少)了?(?:百分之|几个百分)|增幅|涨幅|增长率|增速|降幅"
)
# What sort of figure a question asks for, and what tells that a clause states another sort.
RATES = re.compile(r"[率比速幅]|增[长减]|[涨降]")  # what a percentage answers
GROWS = re.compile(r"增[长速幅]|涨[幅了]|降幅")
ASKS_CHANGE = re.compile(r"增长|增速|增幅|涨幅|提高|下降|降幅|增长率")
SHARES, CHANGES = re.compile(r"占|比[重例]|率|之比|强度"), re.compile(r"增(?!加值)|[升涨降减]|提高|回落|收窄|翻|倍")
TOTALS = re.compile(r"达到?(?:了)?(?:多少|几)|总[数量]|累计|[共现]有|有(?:多少|几)[个家座所处]")
ADDS, REACHES = re.compile(r"新[增建开设]|净增|增加|再增"), re.compile(r"达|增[至到]|累计|共|总")
COMPUTING = _any(
    "是.{0,10}(?:几倍|多少倍)(?:多)?|(?:几倍|多少倍)|占.{0,12}(?:比例|比重|百分之几|几成)(?:是|有|达)?|占比|占(?=[^，。]{0,8}多少)",
    "相差|差多少|差距|差额|差值|差别|高出|多出|(?:增加|减少|提高|上升|下降|(?<!速)[降涨增减])了?(?:多少|百分之几)|变化|几分之几|几个百分点",
)
MORE = _any(
    "(?:哪|谁).{0,12}[多少高低大小快慢长短](?=[？?，,些]|$)|更[多少高低大小快慢长短]|[多高大]还是|[多高大]不[多高大]|一样吗|相同吗|有(?:没有)?差别",
    "higher|lower|fewer|which .{0,80}more",
)
LEAST = _any(
    "[最更][少低小慢短]|倒数|从[低少小]到[高多大]|由[低少小]到[高多大]|谁.{0,6}[少低小慢]",
    "lowest|least|fewest|lower|fewer",
)
RANK = _any(
    "最[高低多少大小快慢长短强]|排名|排行|排序|排个[名序]|倒数|[从由][高低多少大小]到[高低多少大小]|前(?:\\d+|[一二两三四五六七八九十]+)(?:名|位|的|个)",
    "highest|lowest|most|least|fewest|rank|top \\d",
)
# “的省有哪些” is “哪些省”.
LEVEL_BEHIND = re.compile(r"的(省份|省|区市|区县|区|市|县|地区|地方|城市)(?:都?有|是)?(?:哪些|哪几个|几个|多少个|谁)")
RANKED_ALL = re.compile(r"(?:前|倒数)(?:\d+|[一二两三四五六七八九十]+)[名位](?!额)")
TOP = re.compile(r"(?:前|倒数|top |最[高低多少大小快慢长短强]的)(\d+|[一二两三四五六七八九十]+)(?!年)")
TREND = _any(
    "近[几两三四五]年|这[几两三四]年|历年|逐年|各年|年年|变化趋势|走势|(?:如何|怎[么样]).{0,2}变",
    "over the years|trend",
)
EACH_YEAR = re.compile("分别|每年|各年|各是")  # of a stretch of years
THAN_BEFORE = _any("(?:比|较|同)(?:上年|去年|上一年|前一年|往年)", "than (?:last|the previous) year")
FROM = re.compile(r"[从自由](?=(?:19|20)\d\d\s*年?\s*(?:[到至—–~-]))")
THAN = re.compile(r"(?:比|较|相比|相较于?|对比)(?=(?:19|20)\d\d年)")
# What names no part of a report: “概括一下重点工作” asks about all of it.
WHOLE = frozenset(
    _words(
        "概括 总结 介绍 简述 归纳 梳理 说说 讲讲 主要 内容 重点 重点工作 工作 任务 举措 措施 总体 整体 情况 安排 计划 亮点 报告 政府 政府工作报告 要点 推进 做"
    )
)
# One mark for each thing asked: more than one means that more than a clause may be needed.
ASKS = _any(
    r"各(?=[是有多])|分别|多少|几(?=[\u4e00-\u9fff])|百分之几|第几|谁|哪[天年家个位里些]|什么|如何|多大",
    "how (?:many|much)",
)

# Times as people say them, before they are put into years.
FIVE_YEARS = _any(
    "(?:这|这过去的?|那)[五5]年(?:来|里|间|下来)?", r"(?<![第过去\d])[五5]年(?:下来|加起来|合计|总共|一共|累计)"
)
LISTED_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?=\s*(?:[、,，/和与及跟到至—–~-]|vs\.?)\s*(?:19|20)\d\d)")
# “2018到2022这五年”: the count only sums the years up.
YEARS_COUNTED = re.compile(
    r"(?<=\d\d[、,，/和与及跟到至—–~-])((?:19|20)\d\d)年?这?[几两三四五六七八九十]年(?:里|间|来|中)?"
)
# A report by its year: what it says may be of other years.
REPORT = re.compile(
    r"((?:19|20)\d\d)年\s*(?:的|度|那份|这份)?\s*(?:政府)?(?:工作)?报告(?:里面?|中|上)?"
    r"(?:讲到?|说到?|提到|提出|列举|写到?|指出|明确)?了?(?:的|[，,])?"
)
AND = re.compile(r"[\s的]*+(?:和|与|及|跟|同|比|较|对比|还有|、|,|，)?[\s的]*+", re.IGNORECASE)
AS_OF = re.compile(r"截[至止到]|年[底末]")  # asks how things stood, not what was done in the year

# Places as people say them.
WHOLE_CITY = _any(
    "(?<![在居位列对接])全市(?!.{0,2}(?:排|第|首|前列|领先|最|占|数一数二))|整个市|市里",
    r"全[\u4e00-\u9fff]{2}市?(?=的?\d|目标|呢|要|今年)",
)
# The country as the place of a figure, not in a name (全国文明城市) or as the field of a ranking (占全国, 全国第一).
OF_WHICH = r"(?<![占在居位列])"  # not the field of a ranking
_ITS_FIGURE_AHEAD = (
    r"(?=[\s的]{0,4}(?:(?:\d{4}|去|今|全|上|明)年|预期|计划|目标|新增){0,4}[\s的]{0,4}"
    r"(?:GDP|国内|生产总值|经济|城镇|粮食|居民|人均|财政|一般公共|社会消费|固定资产|进出口|货物|外贸|出口|人口|就业|失业|物价|CPI"
    r"|规模以上|工业|税收|赤字|研发|减税|高速|铁路|常住|基本医|养老|单位|能耗|用电|发电|PM|脱贫|贫困))"
)
COUNTRY = re.compile(f"{OF_WHICH}(?P<country>全国|我国|中国){_ITS_FIGURE_AHEAD}", re.IGNORECASE)
CENTRAL = re.compile(
    r"(?:国家|中央|国务院)(?=\s*(?:今年|去年|明年|\d{4}年)?\s*(?:在|对|要|打算|怎么|如何|有什么|有哪些))"
)
WHICH_PLACE = re.compile(r"^(?:哪|最)")  # a single one is asked for

# The places of one level, all of which are asked about. “谁” alone names none.
PLACE_LEVEL = re.compile(
    r"(?:(?:全国)?各个?|所有|每个|全部|哪一?个|哪些|哪几个|几个|最[高低多少大小快慢长短强]的(?:是)?(?:那个|(?:\d+|[一二两三四五六七八九十]+)个)?)"
    r"(?P<level>省份|省区市|省市区?|省(?!级)|直辖市|自治区|区市|市区|区县|县市|区(?!级|间|块|域)|市(?!级|场|民)|县|地区|地方|城市|地(?=$|[^铁方区块产质]))"
    r"(?:里|中)?"
)
# A group of provinces or cities as the place of a figure, not of a policy (长三角一体化): the words behind its name.
GROUPED = re.compile(
    r"(?:[\d一二三四五六七八九十]{1,2}省(?:[\d一二三四五六七八九十]{1,2}市|区市)?|双城经济圈|城市群|地区|区域)?+"
    rf"(?:[里中内的\s]{{0,4}}{PLACE_LEVEL.pattern}|{_ITS_FIGURE_AHEAD})",
    re.IGNORECASE,
)
SAID_OF_IT = re.compile(
    rf"\s{{0,4}}(?:的|呢|\d{{4}}年|[今去明]年)|{_ITS_FIGURE_AHEAD}", re.IGNORECASE
)  # what follows a place
ITS_FIGURE = re.compile(_ITS_FIGURE_AHEAD, re.IGNORECASE)
AMONG = re.compile("[和与及跟同比、，,；;]")  # between two places that are both asked about
OFFICE = re.compile(r"长(?=[是的谁叫姓名换？?\s]|$)")  # behind 区, 市, 县 or 省: 崂山区长是谁
# A place that is the field of a ranking, not what is asked about: “在全市排第几”.
RANKED_IN = re.compile(r"(?:在|于)全?(?=$)")
RANKING = _any("排[第老在]|第几|名次|位次|数一数二")

# A question that leans on the one before it, and one that says it does not.
CONTEXTUAL = _any(
    "呢[？?。]?$|^(?:在?全[国省市区县])?排|^那|^换成|^放到|^如果是|^还有|^再|这[五5]年|^实际|^目标|^结果|^其中|它|^这|^为什么|^为何",
    r"^what about|^how about|^and\b",
)
# What says which side of a thing is asked for, not which thing: “增速是多少”, “全国排第几”.
ASPECTS = frozenset(
    _words(
        "全国 全省 全市 全区 全县 排 排名 排行 名次 位次 位居 增速 增幅 增长 增长率 涨幅 降幅 总量 总额 总值 总数 规模 占比 比重 比例 人均"
    )
)
IDLE = frozenset(
    _words("数 值 数值 数额 换成 改成 换 跟 同样 同 一致 相同 来着 长 短 高 低 大 小 更长 更大 更快 更低 更少")
)
LAST_YEAR = re.compile(r"(?<![比较])(?:上一?年|前一年)")  # in a follow-up, the year before the one that it follows
AGAINST_IT = re.compile(r"(?:跟|和|与|同|比)(?:它|这个|前面|刚才)")
NEW_TOPIC = _any("换个话题|换一个话题|另外问|再问一个别的|另一个问题")

# What is no topic: phrases, counted nouns, English function words, and single words.
PHRASES = _any(
    "(?:方面|领域)(?=.{0,8}(?:什么|哪些))",
    "(?<!大)(?:数字|数据)(?=目标|[是有多都吗呢？?，,。\\s]|$)",
    "(?<![重需主只首必纪])要(?=[建降办开拆改修增引添盖])",
    _WHAT_STEPS,
    _HOW,
    "请问一?下?|告诉我|想知道|我想问|帮我查一?下?|麻烦|查一?下|是多少|有多少|多少|百分之几|第几|是什么|有什么|什么|哪些|哪几",
    "哪(?:一?[个家位里儿天年边头方])|在哪|怎么样|如何|怎样|怎么|是不是|有没有|是否|能不能|会不会|能否|列出来?|目标值?|计划数?|预期|完成数",
    "除了[^，,]{2,16}[，,]|(?<![消清拆扫免废解])除[^，,]{2,16}外[，,]|(?:还是)?(?:同一?年|同期|那年|当年)(?=[的？?，,呢]|$)",
    "(?:几|多少)多?[万亿]+(?:以上)?|(?:几|多少)个?百?分?点|几成几?|叫啥|叫什么|那[块笔种]|这[块笔种]|之类的?|老几|实绩(?!企业)|换个话题|放到|加起来|五年|这一年|这个|那个|多[大高长]|到底|究竟|具体|大概|大约|总共|一共|合计|分别|各自|各是|一下",
)
COUNTED = re.compile(
    rf"(?<!\d){_COUNT}(?:个方面|个|条|大(?![\u4e00-\u9fff]{{0,16}}学)|项|件|方面|点)(?=[^\d]|$)"
)  # “哪五条”, “5大”
ENGLISH_STOPS = re.compile(
    r"\b(?:the|a|an|of|in|on|at|to|by|for|and|or|is|are|was|were|be|been|do|does|did|will|would|it|its|s|that|this|with"
    r"|from|as|many|much|how|what|which|there|any|than|over|during|period|year)\b"
)
EMPTY = frozenset(
    _words(
        "请 哪 谁 几 吗 呢 呀 啊 吧 都 有 全部 指标 打算 准备 力争 争取 确保 预计 安排 实际 已经 今年 去年 明年 全年 年底 年初"
        " 年末 年度 一年 上年 上一年 年 那 现在 目前 要 将 会 想 让 给 把 被 由 对 从 到 的 了 是 在 和 与 跟 及 或 这 其中 还 也"
        " 就 才 又 我 你 他 它 们 咱 我们 他们 人家 太 很 情况 方面 各 可以 能 个 几个 几家 几件 几处 下 上 来 去 过 着 得 地 之"
        " 等 以 为 于 所 里 里面 这块 那边 底 差 更 更高 更多 比 对比 相比 比较 一样 不同 变化 高 低 多 少 大 调高 调低 vs 还是 完成 达到 达成"
    )
)
