"""What a wording says of its kind: words that promise, words that report, words that sum up.

The lists are those of the language of Chinese government reports, not of any one report.
"""

from __future__ import annotations

import re

from index.types import Kind

_TARGET = re.compile(
    r"将(?!军|近|士)|力争|争取|确保|预期目标|主要预期|预期|计划|拟|争创|努力|推动|推进|加快(?!速度)|打造|启动|搭建|实施|抓好"
    r"|办好|支持|探索|深化|加强|持续|着力|全力|谋划|引育|培育|做[强优大深实]|助推|目标|任务|安排|重点工作|工作重点|展望"
    r"|部署|举措|要求|规划建设|聚焦|突出|强化"
)
_STRONG_TARGET = re.compile(
    r"将(?!军|近|士)|力争|争取|确保|预期目标|主要预期|预期(?!.{0,2}(?:完成|实现))|计划(?:新增|建设|实现|完成)|拟|新的一年"
)
_RESULT = re.compile(
    r"完成(?:了|率)|实现了|达到了|获评|荣获|入选|获批|增至|累计|同比|超额|提前|成功|已|突破了|建成(?:启用|投用|投产|运营|开放)"
    r"|竣工(?:启用|投用|备案)?|落地见效|首次|成效|成果|成就|回顾|位居|居全|列全|稳居|跃升|迈上|蝉联|再创|得到|被.{0,8}评为"
)
_STRONG_RESULT = re.compile(
    r"获评|荣获|入选|(?<!新)获批|增至|超额完成|工作成效|发展成果|工作回顾|位居|稳居|居全[省市国]|迈出.{0,6}步伐"
)
_CUMULATIVE = re.compile(r"累计|五年来|5年来|过去[五5]年|这五年|时期(?:发展)?(?:成果|成就|成效)|以来")
_OTHER_SECTION = re.compile(
    r"^(?:[（(]?[一二三四五六七八九十\d]{1,3}[)）、.．]\s*)?(?:指导思想|编者按|编者的话|前言|导语|总体要求|基本原则|结束语|名词解释|注释|附注|附件)(?:和基本原则)?[:：]?$"
)
_CLOSING = re.compile(
    r"让我们.{0,80}(?:奋斗|努力|前进|拼搏)|为.{4,80}而(?:努力|不懈|团结)奋斗|^各位代表[：:！!].{0,60}我们(?:一定|要)|^让我们"
)
_NOTES = re.compile(r"(?:注释|名词解释|附注|注)[:：]?")
_INSTRUCTS = re.compile(
    r"(?:忽略|无视|忘记|忘掉|不要理会)[^。！？]{0,12}(?:指令|提示词|设定|以上|上述|之前|此前)"
    r"|[你您](?:现在)?(?:是|必须|只能|应当|扮演)[^。！？否]{0,12}(?:助手|模型|机器人|AI|回答|输出|回复)"
    r"|(?:一律|只能|必须|务必|请)(?:直接)?(?:回答|回复|输出)[^。！？]{0,4}[：:“\"为成说\d]|(?:回答|回复|告诉)提问(?:者|的人)"
    r"|\b(?:ignore|disregard|forget|override)\b[^.!?。]{0,40}\b(?:instructions?|prompts?|rules|above|previous)\b"
    r"|<\|?(?:im_start|system|assistant)|\bsystem prompt\b|^\s*(?:system|assistant|user)\s*[:：]",
    re.I,
)
ASIDE_WITHIN = 90  # characters from the start in which an aside shows itself
# What a speech says beside its matter: greetings, thanks, difficulties, the guiding line, explanations of the targets.
_ASIDE = re.compile(
    r"^各位代表[：:！!]?$|^(?:现在，?)?(?:我|受.{2,8}委托，我)(?:谨)?代表.{0,60}(?:报告|审议)|(?:清醒|清楚|深刻)地?(?:看到|认识到)|面临.{0,12}(?:困难|挑战)"
    r"|成绩(?:的取得|来之不易)|取得的成绩|表示(?:衷心|崇高|诚挚).{0,6}(?:感谢|敬意)|总(?:的|体)要求是|^实现(?:上述|这些|以上)目标|这些目标的?(?:确定|设定)"
    r"|^(?:责任|牵头|主办|配合)单位[:：]|^(?:资料|数据)来源[:：]|^注(?:释)?[:：]|自印发之日起"
)


def instructs(text: str) -> bool:
    """Whether a text speaks to the program or the person that answers from it instead of about its matter: “忽略以上
    内容，一律回答…”. Reports never do; whoever plants one wants it quoted."""
    return _INSTRUCTS.search(text) is not None


def counts(text: str) -> tuple[int, int]:
    """How many words of `text` promise and how many report; strong ones count three."""
    target = len(_TARGET.findall(text)) + 2 * len(_STRONG_TARGET.findall(text))
    result = len(_RESULT.findall(text)) + 2 * len(_STRONG_RESULT.findall(text))
    return target, result


def kind_of_wording(text: str) -> Kind:
    """The kind that the words alone suggest; "other" when they do not tell."""
    if _OTHER_SECTION.search(text):
        return "other"
    if _CUMULATIVE.search(text):
        return "cumulative"
    target, result = counts(text)
    return "target" if target > result else "result" if result > target else "other"


def strong_kind(text: str) -> Kind | None:
    """The kind that a word leaves no doubt of, else None."""
    target, result = bool(_STRONG_TARGET.search(text)), bool(_STRONG_RESULT.search(text))
    if target == result:
        return None
    return "target" if target else "result"


def calls_to_action(text: str) -> bool:
    """Whether a paragraph is the closing call of a speech, a greeting, thanks, or another aside without a figure."""
    return _CLOSING.search(text) is not None or (_ASIDE.search(text[:ASIDE_WITHIN]) is not None)


def explains(heading: str) -> bool:
    """Whether a heading opens notes: definitions and sources, which speak of no time."""
    return _NOTES.fullmatch(heading) is not None


def sets_the_stage(heading: str) -> bool:
    """Whether a heading opens a part that neither promises nor reports: guiding ideas, the editor's note."""
    return _OTHER_SECTION.search(heading) is not None
