"""What a figure is a figure of: the noun phrase without verbs, times and places around it, and its one form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.text.places import lookup

_TIME = (
    r"(?:19|20)\d\d年?(?:以来|底|末|前|全年|上半年)?|到(?:19|20)\d\d年[底末]?|今年(?:以来|底)?|去年|全年|年内|上半年|下半年|截至[^，]{0,8}?[底末]|年[底末]"
    r"|(?:过去|近|未来|今后)?[五三5３]年(?:来|间)|[“\"]?十[三四五]五[”\"]?(?:时期|期间|末)|\d月[底末]?|比如|其中|目前|连续\d+年"
)
_HERE = r"全[区市省县州]|我[区市省县]|(?<![地城片])[全各](?:区市|区县|市州)"
_ADVERB = (
    r"经济社会发展的?|主要预期目标[是为]?|预期目标[是为]?|目标[值数]?(?=[新城])|实绩|完成数|预期|预计|力争|争取|确保|计划|将|累计|共计?|已|再|还|要|重点(?=培育|发展|支持|推进|建设|打造|抓)|统筹|扎实|认真|用心用情|高(?:质量|标准|水平|效)(?=完成|推进|建设|实施|办|$)|积极"
    r"|协调|滚动|谋划|加快推进|加快建设|加快(?!速度)|提速|全面|深入|持续|免费|集中|成功|优先|有序|分别|新(?=[引培认入开获落建增启签评设上改选遴购])|努力|着力|大力|系统|优化|支持|帮助|为(?=[^主])"
    r"|抓实抓好|抓好|抓实|办好|办成|做好|推动|推进|带动|促进|牵引|实现|完成|组织|依法|累计完成|同步|规划|首批|率先|同时|并|通过|都|连续|只要|共有|我们|让"
)
_CREATE = (
    r"新建改造|新改造|新改扩建|新建和改建|新建、改扩建|改扩建|新改建|改建|新建|新增加|新增|增加|引进培育|培育引进|引育|招引落地|招引|引入|引进转化|引进|招商|招聘|引聚|培育壮大|培育|孵化"
    r"|认定|入库|入选|开通|获批|获评|启用|搭建|打造|创建|创成|设立|成立|落地|签约落地|签约|聚集|集聚|汇聚|布局建设|布局|推出|出台|发放|形成|开办|开设|设置|建成启用|建成投用|建成投运|建成投产|建成开放|建成"
    r"|筹建|筹集|建设筹集|配套完善|更新新建|投放|投用|投运|投产|建立|组建|制定|制订|发行|发布|选派|配备|新签|净增|招募|遴选|吸引|建设(?=[^用和、单])|挂牌|上榜|评选|新设|命名|补充"
)
_OTHER = (
    r"实施|启动|开展|举办|承办|筹备举办|运营|接待|投入|安排|下达|改造提升|升级改造|改造|规范提升|养护提升|养护、提升|改造、提升|提升(?=.{3})|治理|修复|整治|排查整治|开工建设|开工|在建|开建在建|开建|竣工|拆除|救助"
    r"|研发|研究|发展|完善|更新|推广|落实|解决|化解|处置|盘活|惠及|服务(?=[^业贸收站中])|保障(?=[^性])|输送|培训|转化|兑现|减免|减轻|使用|构建|深化|打通|创成|取得|获得|荣获|争取|实行|提供|查处|化解|清理|消除|完工|突破"
    r"|制修订|修订|审议|检测|抽检|筹措|撬动|拉动|归集|争创|参保|加密|延伸|新种|种植|收储|供应|办结|建议|提请|保持|稳定"
)
_LEAD = re.compile(
    rf"^(?:[、，,\s\d.．①-⑳]*(?:(?P<time>{_TIME})|(?P<here>{_HERE})(?=.{{2}})|(?P<create>新?(?:{_CREATE}))|(?P<other>{_OTHER})|(?P<adverb>{_ADVERB}))[了的、，,]?)"
)
_NO_STRIP = re.compile(
    r"^(?:(?:[率额值度的性型类]|量(?!子)|数(?![字据])|化(?![工学妆]))|面积|规模(?!化)|强度|总[量额数]|收入|用地|基金|企业数|就业|创业|参保|能力|水平|项目投资|高质量)|^.?$"
)
_KEPT = re.compile(r"^(?:新增|扶持|引|促进|带动|吸纳)?(?:就业|创业|才|城镇就业|学位)")
_INSIDE = re.compile(
    rf"新建|新设|新(?:{_CREATE})|新增|引进|招引|建成|落地|集聚|累计(?:{_CREATE})|累计(?=.)|启动|实施|开展|新签约"
)
_STOP = re.compile(
    r"(?:全部|全面|基本|顺利|正式|成功|相继|陆续|加快|有序|集中|稳步|提前|同步|如期){0,4}(?:开工建设|开工|竣工启用|竣工投用|竣工|建成启用|建成投用|建成投产|建成使用|建成通车|建成投运|建成|建设|完工|封顶|主体封顶|通车|投产达效|投产|投用"
    r"|投运|落地|签约|启用|打造|扩产扩能|扩量提质|做大规模|迭代升级|得到.*|入驻.*|落地见效|获批.*|入选.*|获评.*|焕新亮相|招商成效|整治|经营秩序|扎实推进|顺利推进|有序推进|梯次实施|启动.*|实施.*|惠及.*|综合整治|运营|上线|提质|提级扩能"
    r"|投入使用|对外开放.*|向.{2,6}开放|为主导.*|奋力突破|明显改善|上市|持续用力|达标|等在建项目)$"
)
_GENERIC = re.compile(
    r"^(?:企业|项目|社区|产品|单位|学科|作品|案例|村|县|村庄|人|城市|镇|高校|学校|品牌|医院|群众|任务|事项|产业|地区|产业项目|重点项目)$"
)
_MEASURE = re.compile(  # what is measured, so that a name that ends on it is complete
    r"(?:[率额量值数幅]|收入|比重|比例|占比|面积|标准|投资|消费|出口|进口|利润|产能|规模|里程|水平|指数|措施|储备|装机)$"
)
LONGEST = 400  # characters ahead of a figure in which its name stands; reports write no more than 200
PART = re.compile(r"^(?:总投资|投资|年度投资|总规模|注册资本(?:规模)?|总面积|营业额|资金|规模|投资额)$")
_MARKS = re.compile(r"[“”‘’\"'《》\s（）()]")
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^(?:全[区市省县国]|我[区市省])|年度?(?=投资计划)"), ""),
    (re.compile("GDP"), "生产总值"),
    (re.compile(r"(?:地区|国内|全[区市省县])(?=生产总值)"), ""),
    (re.compile(r"^(?:城镇新增就业|新增城镇就业|城镇就业|新增就业)(?:人数|人口)?$"), "城镇新增就业"),
    (re.compile(r"^(?:区级|市级|省级|县级|地方|全[区市省])?一般公共预算收入$"), "一般公共预算收入"),
    (re.compile(r"^(?:社会)?(?:消费品零售|社零)(?:总额|额)$"), "社会消费品零售总额"),
    (re.compile(r"^(?:外贸|货物)?进出口(?:总额|总值|贸易额|额)?$"), "货物进出口总额"),
    (re.compile("规上"), "规模以上"),
    (re.compile(r"研究与试验发展|R[&＆]D|研发经费"), "研发"),
    (re.compile(r"研发投入强度$|研发投入占(?:地区)?生产总值(?:的)?比重$"), "研发投入强度"),
    (re.compile(r"税收(?:过|超)?亿元(?:级)?楼宇"), "亿元楼宇"),
    (re.compile("固投$"), "固定资产投资"),
    (re.compile(r"电子商务|电商"), "电商"),
    (re.compile(r"贸易额$|交易额$"), "交易额"),
    (re.compile(r"(?:数量|总量|总数|总户数|存量|户数)$"), ""),
    (re.compile(r"[、和与及]"), "、"),
    (re.compile(r"^(国家级|省级|市级|区级)?新型"), r"\g<1>新型"),
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
    found = _stripped(words.strip()[-LONGEST:], place)
    text = found.text
    inner = None if _KEPT.search(text) else _last(_INSIDE, text)
    if inner is None or inner.start() < 2 or re.search(r"就业$|新增就业", text):
        return found
    subject, rest = text[: inner.start()], text[inner.end() :]
    if rest and _NO_STRIP.match(rest):
        return found
    made = re.search(_CREATE, inner[0]) is not None
    return Core(rest, subject if not re.match(r"[沿在从以对]", subject) else "", found.creates or made, True)


def _stripped(text: str, place: str | None) -> Core:
    """`text` without the places, times, adverbs and verbs in front of it, one after another."""
    creates = verbs = False
    while True:
        text = _without_place(text, place)
        match = _LEAD.match(text)
        if not match or _KEPT.match(text) or _belongs(match, text[match.end() :]):
            return Core(text, "", creates, verbs)
        creates = creates or bool(match["create"])
        verbs = verbs or bool(match["create"] or match["other"])
        text = text[match.end() :]


def _belongs(lead: re.Match[str], rest: str) -> bool:
    """Whether what looks like a verb or an adverb in front is a part of the name: 建设用地, 预期值."""
    if not rest:
        return False
    if (lead["create"] or lead["other"]) and _NO_STRIP.match(rest):
        return not lead[0].endswith(("了", "的"))
    return bool(lead["adverb"]) and re.match(r"[率额量度值]", rest) is not None


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    matches = list(pattern.finditer(text))
    return matches[-1] if matches else None


def _without_place(text: str, place: str | None) -> str:
    """Without the name of `place` in front, where it is not part of a longer word (青岛市级)."""
    known = lookup(place or "")
    for name in (place, *((known.name, known.short) if known else ())):
        rest = text[len(name) :] if name and text.startswith(name) else ""
        if len(rest) > 1 and rest[0] not in "级港市区县银啤国" and (name == place or _LEAD.match(rest)):
            return rest
    return text


def noun_behind(words: str) -> str:
    """The noun phrase that a figure stands before: 处变电站建设 is about 变电站."""
    text = re.sub(r"^(?:的|以上的?|左右的?)", "", words).strip("，、。；：,; ")
    text = re.split(r"，|。|；", text, maxsplit=1)[0]
    match = _STOP.search(text)
    head = text[: match.start()] if match else text
    if not core_of(head, None).text:
        return ""  # a verb alone: 统筹20亿元实施6个专项
    if match and (len(head) < 2):
        return text
    return head[:40]


def complete(name: str) -> bool:
    """Whether a name ends on what is measured, so that nothing behind the figure belongs to it: 赤字率, 总投资额."""
    return _MEASURE.search(name) is not None


def generic(noun: str) -> bool:
    """Whether a noun says too little alone: 企业, 项目."""
    return _GENERIC.match(noun) is not None


def vague(name: str) -> bool:
    """Whether a name says nothing without what it belongs to: 总投资, 项目."""
    return generic(name) or PART.match(name) is not None


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
    text = _MARKS.sub("", indicator)
    for pattern, form in _FORMS:
        text = pattern.sub(form, text) or text
    return text
