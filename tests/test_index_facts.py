"""Facts against the gold set made by hand, on examples, and what holds for any text."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.annotate.facts import facts_of
from index.annotate.indicators import name_of
from index.annotate.report import read_report
from index.readers.sidecar import Sidecar
from index.text.clauses import clauses
from index.text.numbers import number as number_of
from index.text.quantities import quantities
from index.types import Context, Fact, Paragraph, Passage

ROOT = Path(__file__).parents[1]
GOLD = ROOT / "tests/facts"
PROVINCES = ROOT.parent / "shared/data/corpora/provinces_2025"
FIELDS = ("place", "year", "kind", "normalized", "qualifier", "relation", "indicator")


@dataclass(frozen=True, slots=True)
class Found:
    """A fact with its paragraph's words and its quote, without white space."""

    paragraph: str
    quote: str
    fact: Fact


@cache
def read(path: Path) -> tuple[Found, ...]:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    metadata = Sidecar.beside(path.parent).of(path.name, digest)
    report = read_report(data.decode("utf-8"), file=path.name, sha256=digest, metadata=metadata)
    texts = {p.id: p.text for p in report.paragraphs}
    return tuple(
        Found(bare(texts[f.paragraph_id]), bare(texts[f.paragraph_id][f.quote_start : f.quote_end]), f)
        for f in report.facts
    )


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLD / name).read_text("utf-8").splitlines()]


def same_figure(row: Mapping[str, Any], found: Found) -> bool:
    match = SequenceMatcher(None, found.quote, bare(row["quote"]), autojunk=False).find_longest_match()
    return (
        found.paragraph.startswith(bare(row["paragraph"])[:18])
        and (found.fact.value, found.fact.unit) == (row["value"], row["unit"])
        and match.size >= min(6, len(bare(row["quote"])))
    )


def likeness(row: Mapping[str, Any], fact: Fact) -> float:
    a, b = bare(row["indicator"]), bare(fact.indicator)
    return 1.0 if a in b or b in a else SequenceMatcher(None, a, b, autojunk=False).ratio()


def agreeing(row: Mapping[str, Any], fact: Fact) -> Iterator[str]:
    """The fields in which a fact agrees with its gold row."""
    context = fact.context
    period = tuple(row["period"]) if row["period"] else None
    checks = {
        "place": context.place == row["place"],
        "year": (context.year, context.period) == (row["year"], period),
        "kind": context.kind == row["kind"],
        "normalized": fact.normalized == row["normalized"],
        "qualifier": fact.qualifier == row["qualifier"],
        "relation": fact.relation in (row["relation"], *also(row)),
        "indicator": likeness(row, fact) >= 0.7,
    }
    yield from (field for field, agrees in checks.items() if agrees)


def also(row: Mapping[str, Any]) -> list[str]:
    other = row.get("relation_also") or []
    return [other] if isinstance(other, str) else list(other)


@dataclass
class Score:
    """How the facts of some files agree with the gold rows; precision counts in the paragraphs annotated whole."""

    rows: int
    missed: list[Mapping[str, Any]]
    wrong: list[Found]
    agreed: Counter[str]
    pairs: list[tuple[Mapping[str, Any], Fact]]

    def figures(self) -> dict[str, float]:
        matched = len(self.pairs)
        shares = {field: self.agreed[field] / matched for field in FIELDS}
        return {
            "precision": matched / (matched + len(self.wrong)),
            "recall": 1 - len(self.missed) / self.rows,
            **shares,
        }


def score(name: str, folder: Path) -> Score:
    gold = rows(name)
    files = sorted({row["file"] for row in gold})
    whole = [(p["file"], bare(p["paragraph"])[:18]) for p in rows("paragraphs.jsonl")]
    result = Score(sum(not row.get("optional") for row in gold), [], [], Counter(), [])
    for file in files:
        left = list(read(folder / file))
        for row in (row for row in gold if row["file"] == file):
            candidates = [found for found in left if same_figure(row, found)]
            if candidates:
                best = max(
                    candidates, key=lambda found: (len(list(agreeing(row, found.fact))), likeness(row, found.fact))
                )
                left.remove(best)
                if not row.get("optional"):
                    result.agreed.update(agreeing(row, best.fact))
                    result.pairs.append((row, best.fact))
            elif not row.get("optional"):
                result.missed.append(row)
        heads = [head for other, head in whole if other == file]
        result.wrong += [found for found in left if found.paragraph.startswith(tuple(heads))]
    return result


# The gold set. `python tests/test_index_facts.py` prints what differs.

LEAST = {
    "precision": 0.99, "recall": 0.98, "place": 0.99, "year": 0.98, "kind": 0.99, "normalized": 0.98, "qualifier": 0.98,
    "relation": 0.98, "indicator": 0.98,
}  # fmt: skip


def held(name: str, folder: Path) -> None:
    figures = score(name, folder).figures()
    assert {field: figure for field, figure in figures.items() if figure < LEAST[field]} == {}, figures


def test_the_facts_of_the_seeds_agree_with_the_gold_set() -> None:
    held("seeds.jsonl", ROOT / "seeds")


@pytest.mark.skipif(not PROVINCES.is_dir(), reason="the provincial reports are not part of the project")
def test_the_facts_of_provincial_reports_agree_with_the_gold_set() -> None:
    held("provinces.jsonl", PROVINCES)


# Examples


def facts(text: str, place: str = "市北区") -> tuple[Fact, ...]:
    """The facts of one paragraph that speaks of one place in 2025."""
    context = Context(place, 2025, None, "result")
    paragraph = Paragraph("p", "r", 0, "paragraph", None, text, (), context, ((0, len(text)),))
    spans = clauses(text)
    return facts_of(paragraph, [Passage(f"s{a}", "p", text[a:b], "", a, b, context) for a, b in spans])


EXAMPLES: list[tuple[str, list[tuple[str, str, str, float | None, str, str | None]]]] = [
    ("新增就业3.2万人。", [("新增就业", "3.2", "万人", 32000, "new", None)]),
    ("出口汽车1.7万辆以上", [("出口汽车", "1.7", "万辆", 17000, "total", "at_least")]),
    ("一般公共预算收入完成81.5亿元，同比增长4.2%", [
        ("一般公共预算收入", "81.5", "亿元", 8150000000, "total", None),
        ("一般公共预算收入", "4.2", "%", 4.2, "growth", None),
    ]),
    ("单位能耗下降3.1%左右", [("单位能耗", "3.1", "%", -3.1, "growth", "about")]),
    ("赤字率拟按2.8%左右安排、比去年有所下调", [("赤字率", "2.8", "%", 2.8, "share", "about")]),
    ("投资占比提高5个百分点", [("投资占比", "5", "个百分点", 5, "change", None)]),
    ("甲楼宇、乙园区分别达到7座、9座", [
        ("甲楼宇", "7", "座", 7, "total", None), ("乙园区", "9", "座", 9, "total", None),
    ]),
    ("粮食、蔬菜产量分别增长2%和3%以上", [
        ("粮食产量", "2", "%", 2, "growth", "at_least"), ("蔬菜产量", "3", "%", 3, "growth", "at_least"),
    ]),
    ("海洋生产总值突破百亿元", [("海洋生产总值", "百", "亿元", 10000000000, "total", "over")]),
    ("服务业增加值超千亿", [("服务业增加值", "千", "亿", 100000000000, "total", "over")]),
    ("本地配套产品占一半以上", [("本地配套产品占", "一半", "", 50, "share", "at_least")]),
    ("出口额实现翻番", [("出口额", "翻番", "", 100, "growth", None)]),
    ("建设总投资90亿元的15个港航项目", [
        ("总投资", "90", "亿元", 9000000000, "total", None), ("港航项目", "15", "个", 15, "new", None),
    ]),
    ("引进过20亿元项目6个", [("过20亿元项目", "6", "个", 6, "new", None)]),
    ("新建长乐路等3处天桥", [("长乐路等天桥", "3", "处", 3, "new", None)]),
    ("办成12件48项实事", [("实事", "12", "件", 12, "total", None), ("实事", "48", "项", 48, "total", None)]),
    ("进出口总额增长8%，增速列全市第3位", [
        ("进出口总额", "8", "%", 8, "growth", None), ("进出口总额", "3", "位", 3, "rank", None),
    ]),
    ("市北区将招引企业不少于30家", [("企业", "30", "家", 30, "new", "at_least")]),
    ("办理时间压缩至3天以内", [("办理时间", "3", "天", 3, "total", "under")]),
    ("培育企业3—5家", [("企业", "3—5", "家", None, "new", None)]),
    ("惠及群众40余万人", [("群众", "40", "万人", 400000, "total", "over")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), EXAMPLES, ids=[text for text, _ in EXAMPLES])
def test_what_a_clause_states(text: str, expected: list[tuple[str, str, str, float | None, str, str | None]]) -> None:
    found = [(f.indicator, f.value, f.unit, f.normalized, f.relation, f.qualifier) for f in facts(text)]
    assert found == expected


@pytest.mark.parametrize(
    "text",
    [
        "2025年1月6日上午召开第四次会议。",
        "对接“10+1”产业体系，办好“1314”服务项目。",
        "建设15分钟就业服务圈，推进8号线和G308改建。",
        "连续36年获得表彰。",
        "推动5G应用，创建4A级景区，争创10强县。",
        "总量居全市首位、全省第一。",
    ],
)
def test_what_is_no_fact(text: str) -> None:
    assert facts(text) == ()


def test_a_list_goes_on_with_the_verb_it_began_with_and_a_sentence_does_not() -> None:
    found = facts("力争新认定甲类企业7家、乙类企业8家、丙类企业9家。丁类企业10家。")
    assert [(f.indicator, f.relation) for f in found] == [
        ("甲类企业", "new"),
        ("乙类企业", "new"),
        ("丙类企业", "new"),
        ("丁类企业", "total"),
    ]


def test_a_quote_begins_with_the_clause_that_names_the_indicator() -> None:
    text = "全市生产总值迈上新台阶,预计达740亿元。"
    (fact,) = facts(text)
    assert (fact.indicator, text[fact.quote_start : fact.quote_end]) == ("生产总值", text[:-1])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("城镇新增就业", "新增城镇就业"),
        ("一般公共预算收入", "区级一般公共预算收入"),
        ("地区生产总值", "全区生产总值"),
        ("规上工业增加值", "规模以上工业增加值"),
        ("税收过亿元楼宇", "亿元楼宇"),
        ("社会消费品零售额", "社零总额"),
        ("GDP", "生产总值"),
    ],
)
def test_names_of_one_indicator(one: str, other: str) -> None:
    assert name_of(one) == name_of(other)


def test_a_modifier_makes_another_indicator() -> None:
    assert name_of("海洋生产总值") != name_of("生产总值")
    assert name_of("省级创新平台") != name_of("市级创新平台")


# What holds for any text

SCRAPS = (
    "新增 引进 企业 就业 生产总值 占比 达到 增长 下降 分别 、 ， 。 和 的 等 项目 居全国 一半 翻番 均 总投资 "
    "2025年 \n “ ” （ ） 4.5 12 1,200 3—5 百 千亿 万 亿元 个 家 % 个百分点 以上 左右 超 约 余 多 第"
)
WORDS = st.sampled_from(SCRAPS.split(" "))


@given(st.one_of(st.lists(WORDS, max_size=30).map("".join), st.text(max_size=60)))
def test_every_figure_stands_where_its_fact_says(text: str) -> None:
    for fact in facts(text):
        assert re.sub("[余多几]", "", text[fact.start : fact.end]) == fact.value + fact.unit
        assert 0 <= fact.quote_start <= fact.start < fact.end <= fact.quote_end <= len(text)
        assert fact.indicator.strip()
        assert fact.name


@given(st.integers(0, 10**9), st.sampled_from(["", "万", "亿", "万亿"]), st.sampled_from(["人", "元", "个", "平方米"]))
def test_a_plain_figure_is_read_whole(number: int, scale: str, unit: str) -> None:
    (found,) = quantities(f"共有{number}{scale}{unit}")
    assert (found.value, found.unit) == (str(number), scale + unit)
    assert found.normalized == float(number * {"": 1, "万": 10**4, "亿": 10**8, "万亿": 10**12}[scale])


@pytest.mark.parametrize(
    ("text", "number"),
    [("十二", 12), ("三百", 300), ("两千", 2000), ("1,204.5", 1204.5), ("3-5", None), ("数百", None)],
)
def test_numbers_in_digits_and_in_words(text: str, number: float | None) -> None:
    assert number_of(text) == number


def main() -> None:
    """Print the figures and all that differs from the gold set."""
    for name, folder in (("seeds.jsonl", ROOT / "seeds"), ("provinces.jsonl", PROVINCES)):
        result = score(name, folder)
        print(name, {field: round(figure, 4) for field, figure in result.figures().items()})
        for row in result.missed:
            print("  missed", row["value"], row["unit"], row["indicator"], row["quote"])
        for found in result.wrong:
            print("  wrong", found.fact.value, found.fact.unit, found.fact.indicator, found.quote)
        for row, fact in result.pairs:
            differ = [field for field in FIELDS if field not in agreeing(row, fact)]
            if differ:
                print("  differs", differ, row, fact)


if __name__ == "__main__":
    main()
