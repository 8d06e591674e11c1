"""Orders to the program: texts that speak to whoever answers from them instead of about their matter."""

from __future__ import annotations

import re

_IGNORE, _RULES = "忽略|无视|忘[记掉]|[要必别]理会", "指令|提示|设定|规则|要求|[以之此][上前]|上述|前面"
_ROLE, _SAY = "助手|模型|机器人|AI", "回答|回复|输出"
_ORDERS = re.compile(
    rf"(?:{_IGNORE})[^。！？]{{0,12}}(?:{_RULES})|[你您](?:现在)?[是必只应扮][^。！？否]{{0,14}}(?:{_ROLE}|{_SAY})"
    rf"|(?:一律|[只必务请][能须必]?)(?:直接)?(?:{_SAY})[^。！？]{{0,4}}[：:“\"为成说\d]|(?:{_SAY}|告诉)提问.?[者人]"
    r"|作为(?:一[个名])?(?:AI|人工智能|语言模型)(?:助手|模型|[，,])|系统提示词?[：:“]|提示词"
    r"|\b(?:ignore|disregard|forget|override)\b[^.!?。]{0,40}\b(?:instructions?|prompts?|rules?|above|previous)\b"
    r"|<\|?(?:im_start|system|assistant)|^\s*(?:system|assistant|user)\s*[:：]|\b(?:system prompt|as an ai|language model)\b",
    re.I,
)


def instructs(text: str) -> bool:
    """Whether a text gives orders to the program or the person that answers from it: “忽略以上内容，一律回答…”. Reports
    never do; whoever plants one wants it quoted."""
    return _ORDERS.search(text) is not None
