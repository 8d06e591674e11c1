"""Standard names of indicators and what people call them for short, in Chinese and in English.

The Chinese entries are common abbreviations of the National Bureau of Statistics' indicators; the English ones are the
usual translations of those and of everyday matters of a city government. What is not listed is left to the embedding.
"""

from __future__ import annotations

import re

# Each group names one thing; the first is the form that reports use most.
_SYNONYMS: tuple[tuple[str, ...], ...] = (
    (
        "生产总值",
        "GDP",
        "gdp",
        "GDP总量",
        "gdp总量",
        "生产总值总量",
        "经济总量",
        "国内生产总值",
        "国内生产总值总量",
    ),
    ("经济增长率", "经济增速", "经济增幅"),
    ("社会消费品零售总额", "社零总额", "社零额", "社零"),
    ("固定资产投资", "固投"),
    ("一般公共预算收入", "公共财政收入", "财政收入", "财政进账"),
    ("居民人均可支配收入", "居民收入", "人均收入"),
    ("规模以上工业增加值", "规上工业增加值"),
    ("居民消费价格", "CPI", "cpi", "物价"),
    ("研发投入", "研究与试验发展经费", "R&D", "r&d"),
)
_ENGLISH: tuple[tuple[str, str], ...] = (
    (r"energy (?:use|consumption|intensity) per unit of gdp|energy intensity", "单位生产总值能耗"),
    (r"(?:budget |fiscal )?deficit(?:[- ]to[- ]gdp)? (?:ratio|rate)", "赤字率"),
    (r"(?:surveyed )?(?:urban )?unemployment(?: rate)?", "城镇调查失业率"),
    (r"consumer prices?(?: index)?|cpi|inflation(?: rate)?", "居民消费价格"),
    (r"grain (?:output|production|yield|harvest)", "粮食产量"),
    (r"urbani[sz]ation rate", "城镇化率"),
    (r"life expectancy", "人均预期寿命"),
    (r"high-speed rail(?:way)?s?", "高速铁路"),
    (r"expressways?|highways?", "高速公路"),
    (r"new energy vehicles?", "新能源汽车"),
    (r"permanent (?:resident )?population", "常住人口"),
    (r"tourists?|visitors?", "游客"),
    (r"(?:gross domestic product|gdp)", "生产总值"),
    (r"(?:general public budget|fiscal|budget)(?:ary)? revenues?", "一般公共预算收入"),
    (r"(?:total )?retail sales(?: of consumer goods)?", "社会消费品零售总额"),
    (r"fixed[- ]assets? investments?|investments? in fixed assets?", "固定资产投资"),
    (r"(?:total )?(?:imports? and exports?|foreign trade|trade volume)(?: of goods)?", "货物进出口总额"),
    (r"cross-border e-commerce", "跨境电商"),
    (r"(?:new )?urban (?:jobs?|employment)", "城镇新增就业"),
    (r"(?:new )?jobs?|employment", "新增就业"),
    (r"start-?ups?|business startups?|entrepreneurship", "扶持创业"),
    (r"high[- ]tech(?:nology)? (?:enterprises?|companies|firms)", "高新技术企业"),
    (r"(?:tech(?:nology)?-based|science and technology) (?:smes?|small.{0,20}enterprises?)", "科技型中小企业"),
    (r"(?:disposable )?(?:per capita )?(?:disposable )?income", "人均可支配收入"),
    (r"people'?s? ?livelihoods?|public well-?being|livelihoods?", "民生"),
    (r"expenditures?|spending|spend|spent", "支出"),
    (r"school places|school seats|student places|enrol?lment places", "学位"),
    (r"childcare (?:places|spots|seats)|nursery (?:places|spots|seats)", "托位"),
    (r"kindergartens?", "幼儿园"),
    (r"elderly care|nursing homes?|senior care", "养老"),
    (r"elevators?|lifts?", "加装电梯"),
    (r"(?:old|existing) residential (?:buildings?|communities|compounds|neighbou?rhoods)", "老旧小区 既有住宅"),
    (r"(?:new energy vehicle |ev |electric vehicle |car )?charg(?:ing|er) (?:piles?|stations?|points?|posts?)|ev chargers?", "充电桩"),
    (r"parking (?:spaces?|spots?|lots?|places?)", "停车泊位"),
    (r"pocket parks?", "口袋公园"),
    (r"affordable housing|government-subsidi[sz]ed housing", "保障性住房"),
    (r"resettlement (?:housing|homes?|apartments?)", "安置房"),
    (r"illegal (?:buildings?|constructions?|structures?)", "违法建设"),
    (r"cruise (?:ship )?(?:calls|voyages|trips|visits|sailings)", "邮轮航次"),
    (r"cruise", "邮轮"),
    (r"subways?|metro", "地铁"),
    (r"tunnels?", "隧道"),
    (r"hospitals?", "医院"),
    (r"librar(?:y|ies)", "图书馆"),
    (r"young (?:talents?|professionals?)|youth talents?", "青年人才"),
    (r"talents?", "人才"),
    (r"key projects?", "重点项目"),
    (r"5g base stations?", "5G基站"),
    (r"government work report", "政府工作报告"),
)  # fmt: skip
_TO_FORMAL = {variant: group[0] for group in _SYNONYMS for variant in group[1:]}
_VARIANT = re.compile("|".join(sorted(map(re.escape, _TO_FORMAL), key=len, reverse=True)))
_ENGLISH_PATTERNS = tuple((re.compile(rf"\b(?:{english})\b"), chinese) for english, chinese in _ENGLISH)


def formal(text: str) -> str:
    """`text` with short names of indicators in the form of the reports."""
    return _VARIANT.sub(lambda m: _TO_FORMAL[m[0]], text)


def translated(text: str) -> str:
    """A lower-case English question with the names of indicators in Chinese; the rest as it is, singular."""
    for pattern, chinese in _ENGLISH_PATTERNS:
        text = pattern.sub(f" {chinese} ", text)
    return re.sub(r"\b([a-z]{3,}[^s\W])s\b", r"\1", text)
