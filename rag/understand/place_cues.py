"""The words by which a question speaks of places: of a level, as a whole, as the field of a ranking."""

from __future__ import annotations

import re

# The places of one level, all of which are asked about. “谁” alone names none.
_LEVEL = r"(?:直辖|自治|城)?[省市区县]{1,3}份?(?![级间块域场民])|地[区方]?(?![铁块产质])"
PLACE_LEVEL = re.compile(
    r"(?:(?:全国)?[各每]个?|所有|全部|哪[一几]?[个些]|几个|最[高低多少大小快慢长短强]的是?(?:[那\d一二两三四五六七八九十]{1,8}个)?)"
    rf"(?P<level>{_LEVEL})[里中]?"
)
LEVEL_BEHIND = re.compile(rf"的({_LEVEL})[都有是]{{0,2}}(?:哪[几些]个?|多?[几少]个|谁)")  # “的省有哪些” is “哪些省”
WHICH_PLACE = re.compile("^[哪最]")  # a single one is asked for
# What may stand between the name of a group of places (长三角) and what is asked of it.
GROUP = re.compile(r"(?:[\d一二三四五六七八九十]{1,2}[省市区]|双城经济圈|[城地区][市区域]群?){0,2}+[里中内的\s]{0,4}")

OF_WHICH = r"(?<![占在居位列])"  # not the field of a ranking
WHOLE_CITY = re.compile("(?<![在居位列对接])全市(?!.{0,2}[排第首前领最占数])|整个市|市里")
COUNTRY = re.compile(f"{OF_WHICH}[全我中]国")
CENTRAL = re.compile(r"(?:国家|中央|国务院)(?=\s*[今去明\d]{0,4}年?\s*[在对要打怎如有])")
SAID_OF_IT = re.compile(r"\s{0,4}(?:[的呢]|[\d今去明]{1,4}年)")  # what follows a place
AMONG = re.compile("[和与及跟同比、，,；;]")  # between two places that are both asked about
OFFICE = re.compile(r"长(?=[是的谁叫姓名换？?\s]|$)")  # behind 区, 市, 县 or 省: 崂山区长是谁
# A place that is the field of a ranking, not what is asked about: “在全市排第几”.
RANKED_IN = re.compile("[在于]全?$")
RANKING = re.compile("排|第几|[名位]次|数一数二")
# What is known by the place it serves: 广州地铁 is another thing than 北京地铁.
SERVICES = re.compile("[地公][铁交]|轨道交通|[机空][场港]|(?<!香)港(?![口航澳珠股])")
LINES = "[地高铁公][速铁路交]|轨道"  # 广东高速公路 is that of 广东
