"""Orders to the program: texts that speak to whoever answers from them instead of about their matter."""

from __future__ import annotations

import re

_IGNORE, _RULES = "忽略|无视|忘[记掉]|[要必别]理会", "指令|提示|设定|规则|要求|[以之此][上前]|[上前][述面]"
_WHO, _MUST = "助手|模型|机器人|AI", "[是必只应扮]"
_SAY = "回[答复]|输出"
_CHINESE = (
    rf"(?:{_IGNORE})[^。！？]{{0,12}}(?:{_RULES})"
    rf"|[你您](?:现在)?{_MUST}[^。！？否]{{0,14}}(?:{_WHO}|{_SAY})|作为(?:一[个名])?(?:AI|人工智能|语言模型)(?:助手|模型|[，,])"
    rf"|(?:一律|[只必务请][能须必]?)(?:直接)?(?:{_SAY})[^。！？]{{0,4}}[：:“\"为成说\d]|(?:{_SAY}|告诉)提问.?[者人]|提示词"
)
_ENGLISH = (
    r"\b(?:ignore|disregard|forget|override)\b[^.!?。]{0,40}\b(?:instructions?|prompts?|rules?|above|previous)\b"
    r"|\b(?:system prompt|as an ai|language model)\b"
    r"|<\|?(?:im_start|system|assistant)|^\s*(?:system|assistant|user)\s*[:：]"
)
_ORDERS = re.compile(f"{_CHINESE}|{_ENGLISH}", re.I)


def instructs(text: str) -> bool:
    """Whether a text gives orders to the program or the person that answers from it: “忽略以上内容，一律回答…”. Reports
    never do; whoever plants one wants it quoted."""
    return _ORDERS.search(text) is not None
