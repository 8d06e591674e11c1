"""What a line is by its own words: caption, furniture of the page, the heading of a stretch of time.

These are forms of the language and of newspapers, not of any one document.
"""

from __future__ import annotations

import re

_BYLINE = re.compile(r"^[\u4e00-\u9fff·]{2,12}(?:\s*+[\u4e00-\u9fff·]{2,4}){0,7}\s*+(?:摄|供图|摄影|制图|绘制|绘)$")
_CAPTION = re.compile(r"(?:图为|摄影报道|(?:[\s　。）)]|^)[\u4e00-\u9fff·/]{2,14}\s*(?:摄|供图|摄影|制图)[)）]?$)")
_OF_ISSUE = r"(?:(?:发布|发文|成文|印发|公布|更新|发稿)(?:时间|日期)\s*[:：]\s*)"
_FURNITURE = re.compile(
    r"^(?:第\d+[期版页号]|\d{1,4}|[-—–]\s*\d+\s*[-—–]|第?\s*\d+\s*页(?:\s*共\s*\d+\s*页)?"
    rf"|{_OF_ISSUE}?\d{{4}}年\d{{1,2}}月\d{{1,2}}日(?:\s*星期[一二三四五六日天])?"
    r"|[\u4e00-\u9fff]{2,8}(?:日报|晚报|时报|早报|晨报|商报|新报|周刊|在线|客户端)"
    r"|[\u4e00-\u9fff]{2,12}[〔\[（(]\d{4}[〕\])）]\s*第?\d+号"
    r"|□.*(?:记者|通讯员).*|(?:本报)?(?:记者|通讯员|编辑|责任编辑|责编|美编|校对|审核|来源|作者|版式|文字|供稿)\s*[:：丨|/ ].*"
    r"|(?:「[^」]{1,8}」|聚焦|关注|特刊)\s*\d{4}[\u4e00-\u9fff]{0,8}(?:两会|全会|大会|党代会)"
    r"|[（(]?(?:——?)?\s*\d{4}年\d{1,2}月\d{1,2}日\s*在.{4,40}上.{0,30}"
    r"|[\u4e00-\u9fff]{0,12}(?:省长|市长|区长|县长|州长|主席|主任)[\s　]+[\u4e00-\u9fff·\s　]{2,8})"
)
_ERA = r"(?:\d{4}\s*年(?:[-—至]\d{4}\s*年)?|“?十[一二三四五六七]五”?(?:时期|期间)?|过去[五5]年|今后[五5]年|未来[五5]年|明年|今年|去年|当前)"
_SECTION_NOUN = r"(?:成效|成果|成就|安排|任务|回顾|目标|思路|展望|总结|要求|重点|情况|工作|举措|打算|部署|实事)"
_ERA_HEADING = re.compile(
    rf"^(?:[一二三四五六七八九十]+、|[（(][一二三四五六七八九十]+[)）])?{_ERA}[\s　]*[\u4e00-\u9fff\d和及、]{{0,16}}{_SECTION_NOUN}"
)


_AGENCY = re.compile(r"[\u4e00-\u9fff]{4,24}(?:人民政府|办公室|办公厅|委员会|统计局|研究室|局|厅|委|部)")
_DATE_LINE = re.compile(rf"{_OF_ISSUE}?\d{{4}}\s*年\s*\d{{1,2}}\s*月\s*\d{{1,2}}\s*日")
_DRAWING = re.compile(r"(?:图|表)\s*\d+[\s　:：].{2,60}")
_LABEL = re.compile(
    r"(?:责任单位|牵头单位|主办单位|配合单位|完成时限|责任部门|资料来源|数据来源|联系人|注|注释|备注|附件|附|名词解释)[:：]?.*"
)


def is_agency(text: str) -> bool:
    """The name of an office, as it stands alone above or below a document's date."""
    return _AGENCY.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """A date of issue that stands alone, with or without its name: “2024年8月30日”, “发布时间：2024年8月30日”."""
    return _DATE_LINE.fullmatch(text) is not None


def is_label(text: str) -> bool:
    """A line that names who is responsible, a source, a note: it states nothing of the matter itself."""
    return _LABEL.fullmatch(text) is not None


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
