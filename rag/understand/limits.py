"""A limit in a question that asks which places keep to it: “GDP目标在5.5%以上的省”, “超过5万亿的省”."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from index.text.numbers import number as exact_number
from index.types import Span
from rag.answer.arithmetic import SCALES
from rag.understand.units import states_unit

Relation = Literal[">", ">=", "<", "<=", "=="]
_HOLDS: Mapping[Relation, Callable[[Decimal, Decimal], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "==": operator.eq,
}  # fmt: skip
_AHEAD: Mapping[str, Relation] = {
    **dict.fromkeys(("超过", "高于", "大于", "多于", "突破"), ">"),
    **dict.fromkeys(("不低于", "不少于", "不小于", "达到"), ">="),
    **dict.fromkeys(("低于", "少于", "小于", "不到", "不足"), "<"),
    **dict.fromkeys(("不超过", "不高于", "不大于"), "<="),
}
_BEHIND: Mapping[str, Relation] = {"以上": ">=", "及以上": ">=", "以下": "<=", "以内": "<=", "左右": "=="}
_LIMIT = re.compile(
    rf"(?P<ahead>{'|'.join(sorted(_AHEAD, key=len, reverse=True))}|[是为])?"
    r"(?<!\d)(?P<number>\d++(?:\.\d++)?+)(?P<scale>[百千]|万?亿?)(?P<unit>个百分点|[%％]|[\u4e00-\u9fff]{0,2}?)"
    rf"(?P<behind>{'|'.join(_BEHIND)}|(?=的|$|[，,？?]))"
)


@dataclass(frozen=True, slots=True)
class Limit:
    """What a figure must be, against `value` in the base of `unit`; a unit that is not said fits any figure."""

    text: str
    relation: Relation
    value: Decimal
    unit: str | None

    def counts(self, unit: str) -> bool:
        """Whether figures in a base unit can be held against the limit."""
        return self.unit is None or states_unit(f"1{unit}", self.unit) >= 0.9

    def keeps(self, amount: Decimal, unit: str) -> bool:
        """Whether a figure in its base unit keeps to the limit, by the number that is written."""
        return self.counts(unit) and _HOLDS[self.relation](amount, self.value)


def limit_in(text: str) -> tuple[Limit, Span] | None:
    """The first limit in `text` and where it stands; None for none. A bare number needs a unit and 是 or 为 ahead."""
    for match in _LIMIT.finditer(text):
        scale, written = match["scale"], match["unit"].replace("％", "%")
        ahead, behind = _AHEAD.get(match["ahead"] or ""), _BEHIND.get(match["behind"])
        relation = ahead or behind or ("==" if match["ahead"] and (scale or written) else None)
        value = exact_number(match["number"], SCALES[scale])
        if relation and value is not None:
            unit = written or ("元" if scale.endswith("亿") else None)
            return Limit(match[0].lstrip("是为"), relation, value, unit), match.span()
    return None
