"""Whom and when a text speaks of, and whether it promises or reports. Expected values are read from the reports."""

from __future__ import annotations

import hashlib
import json
import lzma
from pathlib import Path

import pytest

from index.annotate.report import ReadReport, read_report
from index.text.places import table
from index.types import Context, Paragraph, Passage

ROOT = Path(__file__).parents[1]
SEEDS = {path.name[:3]: path for path in sorted((ROOT / "seeds").glob("*.txt"))}
SHARED = ROOT.parent / "shared/data"
PROVINCES = sorted((SHARED / "corpora" / "provinces_2025").glob("*.txt"))


def report_of(*lines: str, **metadata: object) -> ReadReport:
    about = {"title": "2025年市北区政府工作报告", "place": "市北区", "year": 2025, **metadata}
    return read_report("\n\n".join(lines), file="a.txt", sha256="0" * 64, metadata=about)


def seed(number: str) -> ReadReport:
    data = SEEDS[number].read_bytes()
    return read_report(data.decode(), file=SEEDS[number].name, sha256=hashlib.sha256(data).hexdigest(), metadata={})


def passage(report: ReadReport, words: str) -> Passage:
    """The one passage that holds `words`."""
    found = [p for p in report.passages if words in p.text]
    assert len(found) == 1, [p.text for p in found]
    return found[0]


def block(report: ReadReport, words: str) -> Paragraph:
    return next(p for p in report.paragraphs if words in p.text and p.duplicate_of is None)


@pytest.mark.parametrize(
    ("sentence", "year", "period", "kind"),
    [
        ("今年，新建学校五所以上，惠及家庭。", 2025, None, "target"),
        ("去年，新建学校五所以上，惠及家庭。", 2024, None, "result"),
        ("一年来，新建学校五所以上，惠及家庭。", 2024, None, "result"),
        ("过去5年，新建学校五所以上，惠及家庭。", None, (2020, 2024), "cumulative"),
        ("“十四五”时期，新建学校五所以上，惠及家庭。", None, (2021, 2025), "cumulative"),
        ("“十五五”时期，新建学校五所以上，惠及家庭。", None, (2026, 2030), "target"),
        ("今后五年，新建学校五所以上，惠及家庭。", None, (2025, 2029), "target"),
        ("明年，新建学校五所以上，惠及家庭。", 2026, None, "target"),
        ("2023年，新建学校五所以上，惠及家庭。", 2023, None, "result"),
        ("新建学校五所以上，惠及家庭。", 2025, None, "target"),
    ],
)
def test_a_relative_time_is_that_of_the_report(
    sentence: str, year: int | None, period: tuple[int, int] | None, kind: str
) -> None:
    report = report_of(sentence)
    assert {p.context for p in report.passages} == {Context("市北区", year, period, kind)}  # type: ignore[arg-type]


def test_the_year_of_the_report_decides_what_this_year_means() -> None:
    for year in (2019, 2024, 2026):
        report = report_of("今年，新建学校五所以上。去年，新增学位九百余个。", year=year)
        assert [p.context.year for p in report.passages] == [year, year - 1]


def test_a_heading_with_a_time_rules_its_section() -> None:
    report = report_of(
        "2025年市北区政府工作报告",
        "一、2024年工作回顾",
        "新增就业4.5万人，扶持创业7500余人。全区税收亿元楼宇达到20座。",
        "二、2025年工作安排",
        "新增就业4万人，扶持创业5000人。税收亿元楼宇达到24座。",
    )
    assert passage(report, "4.5万人").context == Context("市北区", 2024, None, "result")
    assert passage(report, "20座").context == Context("市北区", 2024, None, "result")
    assert passage(report, "就业4万人").context == Context("市北区", 2025, None, "target")
    assert passage(report, "24座").context == Context("市北区", 2025, None, "target")


def test_a_year_that_is_only_compared_with_changes_nothing() -> None:
    report = report_of("2025年市北区政府工作报告", "新增就业4万人，比2023年多五千余人，力争实现更充分就业。")
    assert {p.context.year for p in report.passages} == {2025}


def test_a_review_reports_and_a_plan_promises() -> None:
    text = ("2025年统计资料汇编", "全区新增就业4万人，扶持创业5000人。")
    assert {p.context.kind for p in report_of(*text, title="2025年市北区统计公报").passages} == {"result"}
    assert {p.context.kind for p in report_of(*text, title="2025年市北区工作要点").passages} == {"target"}


def test_the_words_decide_within_the_year_of_the_report() -> None:
    report = report_of("2025年市北区政府工作报告", "获评全国创新示范城区。力争引进总部类企业10家以上。")
    assert passage(report, "获评").context.kind == "result"
    assert passage(report, "力争").context.kind == "target"


def test_two_years_in_one_paragraph() -> None:
    report = seed("003")
    assert passage(report, "预计达740亿元").context == Context("莱西市", 2024, None, "result")
    assert passage(report, "八个方面加力提效").context == Context("莱西市", 2025, None, "target")
    together = block(report, "预计达740亿元")
    assert "八个方面加力提效" in together.text
    assert together.context == Context("莱西市", 2025, None, "target")
    # 李沧: two paragraphs, two years.
    assert passage(report, "过亿元项目145个").context == Context("李沧区", 2024, None, "result")
    assert passage(report, "城镇新增就业2.2万人以上").context == Context("李沧区", 2025, None, "target")
    # 崂山: its own figures of 2024 stand between plans.
    assert passage(report, "224.2亿元").context == Context("崂山区", 2024, None, "result")
    assert passage(report, "新增独角兽企业1家").context == Context("崂山区", 2025, None, "target")


def test_one_report_two_years_by_section() -> None:
    report = seed("002")
    assert passage(report, "新增就业4.5万人").context == Context("市北区", 2023, None, "result")
    assert passage(report, "亿元楼宇达到20座").context == Context("市北区", 2023, None, "result")
    assert passage(report, "亿元楼宇达到24座").context == Context("市北区", 2024, None, "target")
    assert passage(report, "8件34项民生实事").context == Context("市北区", 2024, None, "target")
    assert passage(report, "10件40项区办实事").context == Context("市北区", 2023, None, "result")


def test_a_section_about_one_district_may_name_another() -> None:
    report = seed("003")
    for words in ("崂山绿色低碳高质量发展产业示范区", "崂山现代服务业集聚区", "李村时尚活力商贸区"):
        assert passage(report, words).context.place == "李沧区"
    assert {p.context.place for p in report.passages if "李沧" in p.header} == {"李沧区"}


def test_a_clause_about_the_city_inside_the_section_of_a_district() -> None:
    report = seed("003")
    city = [p for p in report.passages if "青岛市将在构建创新型产业体系" in p.text or "先进制造业基地" in p.text]
    assert {p.context.place for p in city} == {"青岛市"}
    assert passage(report, "崂山区将坚持实体为本").context.place == "崂山区"
    assert block(report, "青岛市将在构建创新型产业体系").context.place == "崂山区"


def test_each_district_of_a_report_has_its_own_figures() -> None:
    report = seed("003")
    for words, place in {
        "新增就业4万人": "市北区",
        "区级一般公共预算收入增长3.5%以上": "崂山区",
        "固定资产投资提质增效": "城阳区",
        "高新技术企业300家": "城阳区",
        "莱西周末": "莱西市",
        "农房节能改造8700户": "莱西市",
    }.items():
        assert {p.context.place for p in report.passages if words in p.text} == {place}


def test_what_sets_the_stage_is_neither_plan_nor_result() -> None:
    assert block(seed("003"), "传递信心").context.kind == "other"
    assert block(seed("000"), "指导思想").context.kind == "other"
    assert block(seed("000"), "坚持马克思列宁主义").context.kind == "other"
    assert block(seed("000"), "让我们紧密团结").context.kind == "other"


def test_a_copy_has_the_context_of_the_canonical_block() -> None:
    report = seed("000")
    copies = [p for p in report.paragraphs if "实施195个省市区重点项目" in p.text]
    assert len(copies) == 3
    canonical = [p for p in copies if p.duplicate_of is None]
    assert [p.section[0] for p in canonical] == ["2026年 主要工作安排"]
    assert {p.context for p in copies} == {Context("市北区", 2026, None, "target")}
    assert {p.duplicate_of for p in copies} == {None, canonical[0].id}
    assert {p.paragraph_id for p in report.passages if "195个" in p.text} == {canonical[0].id}


def test_captions_say_what_was_done_or_nothing() -> None:
    report = seed("001")
    assert block(report, "全年运营接待邮轮航次21个").context == Context("市北区", 2024, None, "result")
    assert block(report, "预计全年运营邮轮航次40个以上").context == Context("市北区", 2025, None, "target")
    assert block(seed("002"), "浮山森林公园文翠湖").context == Context("市北区", None, None, "other")


@pytest.mark.parametrize(
    ("number", "place", "year"),
    [
        ("000", "市北区", 2026),
        ("001", "市北区", 2025),
        ("002", "市北区", 2024),
        ("003", "青岛市", 2025),
        ("004", "青岛市", 2025),
    ],
)
def test_place_and_year_of_a_seed_are_told_from_its_text(number: str, place: str, year: int) -> None:
    report = seed(number).report
    assert (report.place, report.year) == (place, year)


def test_metadata_beat_the_text() -> None:
    report = report_of("今年，新增就业4万人。", place="莱西市", year="2019", title="旧报告")
    assert (report.report.title, report.report.place, report.report.year) == ("旧报告", "莱西市", 2019)
    assert report.passages[0].context == Context("莱西市", 2019, None, "target")


def test_a_text_that_names_neither_place_nor_year() -> None:
    found = read_report("工作简报摘要\n\n新增就业4万人。\n", file="x/a.txt", sha256="0" * 64, metadata={})
    assert (found.report.place, found.report.year, found.report.title) == (None, None, "工作简报摘要")
    assert {p.context.place for p in found.passages} == {None}
    plan = read_report("争创全国文明城市工作方案\n\n新增志愿者4万人。\n", file="x/b.txt", sha256="0" * 64, metadata={})
    assert plan.report.place is None  # 全国 is part of a name


@pytest.mark.parametrize(
    ("day", "year"),
    [("2023年3月5日在第十四届全国人民代表大会", 2023), ("2025年12月26日在市北区第八届人民代表大会", 2026)],
)
def test_the_day_a_report_was_given_tells_its_year(day: str, year: int) -> None:
    text = f"政府工作报告\n\n——{day}第一次会议上\n\n2022年，新增就业4万人。2022年，新建学校五所。今年，新建公园。\n"
    assert read_report(text, file="a.txt", sha256="0" * 64, metadata={}).report.year == year


@pytest.mark.skipif(not (SHARED / "train").is_dir(), reason=f"no national reports in {SHARED}")
def test_national_reports_are_about_the_country_in_the_year_they_were_given() -> None:
    with lzma.open(SHARED / "train" / "state_council_reports.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["year"] and int(row["year"]) >= 1979]
    wrong = {}
    for row in rows:
        found = read_report(row["text"], file=f"{row['title']}.txt", sha256="0" * 64, metadata={}).report
        if (found.place, found.year) != ("全国", int(row["year"])):
            wrong[row["title"]] = (found.place, found.year)
    assert len(rows) > 40
    assert not wrong


def test_what_a_section_says_of_its_time_holds_below_its_subheadings() -> None:
    report = report_of(
        "一、牢记嘱托，建设取得新成效", "一年来的主要工作是：", "（一）产业提质", "新建工厂五座，投产四座。",
        "（二）民生改善", "新增学位九百个，惠及家庭。", "二、牢记使命，奋勇争先", "（一）产业提质",
        "新建园区三个，投资可观。",
        year=2025,
    )  # fmt: skip
    years = {p.text: (p.context.year, p.context.kind) for p in report.passages}
    assert years["新建工厂五座，投产四座。"] == years["新增学位九百个，惠及家庭。"] == (2024, "result")
    assert years["新建园区三个，投资可观。"] == (2025, "target")


def test_a_heading_of_a_year_and_five_years_leaves_it_to_the_text() -> None:
    report = report_of(
        "一、过去一年和五年工作回顾",
        "去年，新建工厂五座，投产四座。新增学位九百个，惠及家庭。",
        "过去五年，我们面对各种困难迎难而上，各项工作都取得了显著的成绩。群众的日子越过越好。",
        "——累计新建公园七个，群众欢喜。",
        "二、今年工作",
        "新建园区三个，投资可观。",
        year=2025,
    )  # fmt: skip
    times = {p.text: (p.context.year, p.context.period) for p in report.passages}
    assert times["新增学位九百个，惠及家庭。"] == (2024, None)
    assert times["——累计新建公园七个，群众欢喜。"] == (None, (2020, 2024))
    assert times["新建园区三个，投资可观。"] == (2025, None)


def test_a_time_deep_inside_a_clause_does_not_go_on() -> None:
    report = report_of(
        "去年，部署启动面向2030年的重大项目。建成学校五所。支持办好2022年冬季运动会。新增就业两万人。", year=2025
    )
    assert [(p.text, p.context.year) for p in report.passages if "学校" in p.text or "就业" in p.text] == [
        ("建成学校五所。", 2024), ("新增就业两万人。", 2024),
    ]  # fmt: skip


@pytest.mark.skipif(not PROVINCES, reason=f"no provincial reports in {SHARED}")
def test_all_provincial_reports_tell_their_place_and_year() -> None:
    names = {
        name.removesuffix("市").removesuffix("省")[:2]: name for name, (p, *_) in table().items() if len(p.code) == 2
    }
    wrong = {}
    for path in PROVINCES:
        found = read_report(path.read_text("utf-8"), file="a.txt", sha256="0" * 64, metadata={}).report
        expected = (names[path.stem.removeprefix("2025年")[:2]], 2025)
        if (found.place, found.year) != expected:
            wrong[path.name] = (found.place, found.year)
    assert len(PROVINCES) == 31
    assert wrong == {}


def test_headers_say_what_a_reader_has_to_know_first() -> None:
    report = seed("003")
    assert passage(report, "过亿元项目145个").header.startswith("李沧区 2024年 完成 实绩 瞄准激发经济活力")
    cumulative = passage(seed("000"), "民生支出256.9亿元")
    assert cumulative.header.startswith("市北区 2021—2025年 累计 “十四五”时期发展成果")


def test_gold_contexts_are_sound() -> None:
    """The annotations themselves: never a year and a period, never a copy of a copy."""
    for number in SEEDS:
        gold = [json.loads(x) for x in (ROOT / f"tests/outlines/{number}.jsonl").read_text("utf-8").splitlines()]
        assert not [g for g in gold if g["year"] and g["period"]]
        assert not [
            g for g in gold if g["duplicate_of"] is not None and gold[g["duplicate_of"]]["duplicate_of"] is not None
        ]
