"""What a line is by its own words: caption, furniture of the page, the heading of a stretch of time.

These are forms of the language and of newspapers, not of any one document.
"""

from __future__ import annotations

import re

_NAME, _TAKEN = r"[\u4e00-\u9fff·]{2,4}", "(?:摄影?|[供制]图|绘制?)"
_BYLINE = re.compile(rf"^[\u4e00-\u9fff·]{{2,12}}(?:\s*+{_NAME}){{0,7}}\s*+{_TAKEN}$")
_CAPTION = re.compile(rf"图为|(?:[\s　。）)]|^)[\u4e00-\u9fff·/]{{2,14}}\s*{_TAKEN}[)）]?$")
_OF_ISSUE = r"(?:[\u4e00-\u9fff]{2}(?:时间|日期)\s*[:：]\s*)?"
_DAY = r"\d{4}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日"
_OFFICE = "(?:[省市区县州]长|主[席任])"
_FURNITURE = re.compile(
    rf"^(?:第?\s*\d{{1,4}}(?:\s*[期版页号])?(?:\s*共\s*\d+\s*页)?|[-—–]\s*\d+\s*[-—–]|{_OF_ISSUE}{_DAY}(?:\s*星期.)?"
    r"|[\u4e00-\u9fff]{2,8}(?:[日晚早晨时商]报|客户端)|[\u4e00-\u9fff]{2,12}[〔\[（(]\d{4}[〕\])）]\s*第?\d+号"
    r"|□.*记者.*|(?:本报)?(?:记者|通讯员|(?:责任)?编辑|[责美]编|校对|审核|来源|作者)\s*[:：丨/| ].*"
    r"|(?:「[^」]{1,8}」|聚焦|关注)\s*\d{4}[\u4e00-\u9fff]{1,9}会"
    rf"|[（(]?(?:——?)?\s*{_DAY}\s*在.{{4,40}}上.{{0,30}}|[\u4e00-\u9fff]{{0,12}}{_OFFICE}[\s　]+[\u4e00-\u9fff·\s　]{{2,8}})"
)
_ERA = r"(?:\d{4}\s*年(?:[-—至]\d{4}\s*年)?|“?十[一二三四五六七]五”?(?:时期)?|(?:过去|[今未][后来])[五5]年|[今明去]年|当前)"
_SECTION_NOUN = "(?:成[效果就]|安排|任务|回顾|目标|总结|要求|重点|情况|工作|举措|部署|实事)"
_ERA_HEADING = re.compile(
    rf"^(?:[（(]?[一二三四五六七八九十]+[)）、])?{_ERA}[\s　]*[\u4e00-\u9fff\d和及、]{{0,16}}{_SECTION_NOUN}"
)
_AGENCY = re.compile(r"[\u4e00-\u9fff]{3,23}(?:政府|员会|[室厅局委部])")
_DATE_LINE = re.compile(_OF_ISSUE + _DAY)
_DRAWING = re.compile(r"[图表]\s*\d+[\s　:：].{2,60}")


def is_agency(text: str) -> bool:
    """The name of an office, as it stands alone above or below a document's date."""
    return _AGENCY.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """A date of issue that stands alone, with or without its name: “2024年8月30日”, “发布时间：2024年8月30日”."""
    return _DATE_LINE.fullmatch(text) is not None


def is_byline(text: str) -> bool:
    """A photographer's line of its own: “崔冬妮 摄”."""
    return len(text) <= 24 and _BYLINE.match(text) is not None


def is_caption(text: str) -> bool:
    """A picture's caption: it says 图为, or ends with who took the picture."""
    return len(text) <= 120 and (_CAPTION.search(text) is not None or _DRAWING.fullmatch(text) is not None)


def is_furniture(text: str) -> bool:
    """Page furniture: page and issue numbers, dates, mastheads, bylines, the column's name."""
    return len(text) <= 100 and _FURNITURE.fullmatch(text) is not None


def names_an_era(text: str) -> bool:
    """A heading that opens a stretch of time: “2026年 主要工作安排”, “十四五”时期发展成果."""
    return len(text) <= 32 and _ERA_HEADING.fullmatch(text) is not None
