"""Places are told apart by their codes: small libraries of reports written for this, each with a figure of its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from conftest import TODAY

from index.annotate.context import infer_place
from index.embed.embedder import load_embedder
from index.storage.build import build
from index.text.gazetteer import all_senses, by_code, group, groups, lexicon
from index.text.places import find_places, lookup, parent, same
from rag import Answer, Pipeline, open_pipeline

REPORT = (
    "2025年{place}政府工作报告\n\n一、2024年工作回顾\n\n2024年，地区生产总值完成{gdp}亿元，增长6%。新增就业{jobs}人。\n\n"
    "二、2025年工作安排\n\n计划新建学校5所，新增学位2700个。\n"
)
XUZHOU, NANJING = ("徐州市鼓楼区", 812, 3100), ("南京市鼓楼区", 1999, 4200)
_FOLDERS: list[TemporaryDirectory[str]] = []


@cache
def library(*reports: tuple[str, int, int]) -> Pipeline:
    """An index of one report for each place, its GDP and its new jobs."""
    _FOLDERS.append(folder := TemporaryDirectory())
    sources = Path(folder.name, "sources")
    sources.mkdir()
    for number, (place, gdp, jobs) in enumerate(reports):
        text = REPORT.format(place=place, gdp=gdp, jobs=jobs)
        (sources / f"{number}.txt").write_text(text, encoding="utf-8")
    build([sources], Path(folder.name, "index"), embedder=load_embedder())
    return open_pipeline(Path(folder.name, "index"), today=TODAY)


def of(places: str) -> Pipeline:
    """A library of the places, each with a GDP of its own: 1001, 1002 …"""
    return library(*((place, 1001 + n, 3001 + n) for n, place in enumerate(places.split())))


def figures(answer: Answer) -> list[str]:
    return [c.quote.split("完成")[1].split("亿元")[0] for c in answer.citations]


# A name that several places share.


@pytest.mark.parametrize(
    "question",
    [
        "南京市鼓楼区2024年GDP多少？",
        "南京鼓楼区2024年GDP多少？",
        "南京的鼓楼区2024年GDP多少？",
        "南京2024年鼓楼区GDP多少？",
        "江苏省南京市鼓楼区2024年GDP多少？",
        "What was Nanjing Gulou District's GDP in 2024?",
    ],
)
def test_another_place_of_the_same_name_is_refused(question: str) -> None:
    answer = library(XUZHOU).ask(question)
    assert answer.refused
    assert "812" not in answer.answer
    assert "徐州市鼓楼区" in answer.answer  # what is covered


@pytest.mark.parametrize(
    "question", ["鼓楼区2024年GDP多少？", "徐州鼓楼区2024年GDP多少？", "徐州市鼓楼区2024年GDP多少？"]
)
def test_the_one_that_is_loaded_answers(question: str) -> None:
    answer = library(XUZHOU).ask(question)
    assert figures(answer) == ["812"]
    assert answer.citations[0].place == "徐州市鼓楼区"


def test_of_two_that_are_loaded_each_has_its_line() -> None:
    answer = library(XUZHOU, NANJING).ask("鼓楼区2024年GDP多少？")
    first, second, *notes = answer.answer.splitlines()
    assert first.startswith("2024年南京市鼓楼区实绩：地区生产总值完成1999亿元")
    assert second.startswith("2024年徐州市鼓楼区实绩：地区生产总值完成812亿元")
    assert notes == ["叫“鼓楼区”的有2处：南京市鼓楼区、徐州市鼓楼区。请写明是哪一处。"]


def test_what_no_table_holds_is_asked_back() -> None:
    answer = library(XUZHOU, NANJING).ask("鼓楼区2025年有哪些工作安排？")
    assert answer.refused
    assert answer.answer.startswith("叫“鼓楼区”的有2处：南京市鼓楼区、徐州市鼓楼区。请写明是哪一处。")


@pytest.mark.parametrize(
    ("question", "history", "jobs"),
    [
        ("那鼓楼区新增就业呢？", ["徐州市鼓楼区2024年GDP多少？"], ["3100人"]),
        ("那鼓楼区新增就业呢？", ["南京市鼓楼区2024年GDP多少？"], ["4200人"]),
        ("鼓楼区2024年新增就业多少人？", ["南京市鼓楼区2024年GDP多少？"], ["4200人"]),
        ("新增就业呢？", ["徐州市鼓楼区2024年GDP多少？"], ["3100人"]),
        ("新增就业呢？", ["鼓楼区2024年GDP多少？"], ["4200人", "3100人"]),
        ("换个话题，鼓楼区2024年新增就业多少人？", ["徐州市鼓楼区2024年GDP多少？"], ["4200人", "3100人"]),
    ],
)
def test_a_follow_up_keeps_the_one_of_the_history(question: str, history: Sequence[str], jobs: Sequence[str]) -> None:
    answer = library(XUZHOU, NANJING).ask(question, history)
    assert [jobs for c in answer.citations for jobs in [c.quote.rstrip("。").removeprefix("新增就业")]] == jobs


def test_a_history_of_one_that_is_not_loaded_is_kept_too() -> None:
    answer = library(XUZHOU).ask("那鼓楼区新增就业呢？", ["南京市鼓楼区2024年GDP多少？"])
    assert answer.refused
    assert "3100" not in answer.answer


def test_a_report_that_does_not_say_its_city_is_none_of_them() -> None:
    pipeline = library(("鼓楼区", 777, 2000))
    assert figures(pipeline.ask("鼓楼区2024年GDP多少？")) == ["777"]
    assert pipeline.ask("南京市鼓楼区2024年GDP多少？").refused


@pytest.mark.parametrize(
    ("title", "texts", "file", "year", "place"),
    [
        ("2025年鼓楼区政府工作报告", [], "", 2025, "鼓楼区"),
        ("2025年鼓楼区政府工作报告", ["徐州市委的部署"], "", 2025, "徐州市鼓楼区"),
        ("2025年鼓楼区政府工作报告", ["江苏省委和徐州市委的部署"], "", 2025, "徐州市鼓楼区"),
        ("2025年鼓楼区政府工作报告", ["徐州市、南京市"], "", 2025, "鼓楼区"),
        ("2025年鼓楼区政府工作报告", ["徐州市委的部署"], "南京市/鼓楼区.txt", 2025, "南京市鼓楼区"),
        ("2025年桥东区政府工作报告", [], "", 2025, "张家口市桥东区"),  # those of 邢台 and 石家庄 are no more
        ("2018年桥东区政府工作报告", [], "", 2018, "桥东区"),
        ("2018年桥东区政府工作报告", ["邢台市"], "", 2018, "襄都区"),  # as it is called now
        ("2025年铜仁市政府工作报告", [], "", 2025, "铜仁市"),
        ("大榭开发区2024年工作总结", [], "", 2025, "大榭开发区"),
        ("全面推进开发区2024年工作", [], "", 2025, None),
    ],
)
def test_the_document_settles_the_place(title: str, texts: list[str], file: str, year: int, place: str | None) -> None:
    assert infer_place(title, [title, *texts], file=file, year=year) == place


def test_a_section_about_one_of_several_is_not_said_of_the_report(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    text = "2025年江苏省政府工作报告\n\n一、2024年工作回顾\n\n鼓楼区新增就业9000人。\n\n全省新增就业130万人。\n"
    (tmp_path / "sources" / "a.txt").write_text(text, encoding="utf-8")
    build([tmp_path / "sources"], tmp_path / "index", embedder=load_embedder())
    pipeline = open_pipeline(tmp_path / "index", today=TODAY)
    assert [c.quote for c in pipeline.ask("江苏省2024年新增就业多少人？").citations] == ["全省新增就业130万人"]
    assert pipeline.ask("南京市鼓楼区2024年新增就业多少人？").refused


# Short, former and other names; zones.

ODD = "青岛西海岸新区 苏州工业园区 大榭开发区 昆山经济技术开发区 恩施州 凉山州 即墨市 鄂温克旗 石家庄高新区"


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ("西海岸新区", 0),
        ("青岛西海岸新区", 0),
        ("黄岛区", None),
        ("苏州工业园区", 1),
        ("苏州", None),
        ("大榭开发区", 2),
        ("昆山经济技术开发区", 3),
        ("昆山经开区", 3),
        ("昆山市", None),
        ("恩施", 4),
        ("恩施州", 4),
        ("恩施土家族苗族自治州", 4),
        ("恩施市", None),
        ("凉山", 5),
        ("延边", None),
        ("即墨区", 6),
        ("即墨市", 6),
        ("鄂温克旗", 7),
        ("石家庄高新技术产业开发区", 8),
        ("石家庄市", None),
        ("青岛高新区", None),
    ],
)
def test_names_of_places_in_documents_and_questions(asked: str, number: int | None) -> None:
    answer = of(ODD).ask(f"{asked}2024年GDP多少？")
    assert figures(answer) == ([] if number is None else [str(1001 + number)])
    assert answer.refused == (number is None)


@pytest.mark.parametrize("asked", ["昆山", "义乌", "鼓楼", "苏州工业园区", "南山区", "恩施", "长三角", "全国", "朝阳"])
def test_what_lies_elsewhere_is_refused(asked: str) -> None:
    answer = of("青岛市 青岛市市北区").ask(f"{asked}2024年GDP多少？")
    assert answer.refused
    assert not answer.citations


def test_where_nothing_tells_it_is_asked_which_is_meant() -> None:
    answer = of("江苏省 徐州市 南京市").ask("鼓楼区2024年GDP多少？")
    assert answer.refused
    assert (
        "叫“鼓楼区”的有4处：南京市鼓楼区、徐州市鼓楼区、福州市鼓楼区、开封市鼓楼区。请写明是哪一处。" in answer.answer
    )


def test_a_short_name_of_a_province_and_of_a_city_means_what_is_loaded() -> None:
    both = of("吉林省 吉林市")
    assert figures(both.ask("吉林2024年GDP多少？")) == ["1001", "1002"]
    assert figures(both.ask("吉林市2024年GDP多少？")) == ["1002"]
    assert figures(of("吉林市").ask("吉林2024年GDP多少？")) == ["1001"]
    assert of("吉林市").ask("吉林省2024年GDP多少？").refused
    assert of("吉林省").ask("吉林市2024年GDP多少？").refused


def test_names_of_one_place_are_the_same_and_others_are_not() -> None:
    pairs = [
        ("即墨市", "即墨区"),
        ("襄樊市", "襄阳市"),
        ("恩施州", "恩施土家族苗族自治州"),
        ("青岛高新区", "青岛高新技术产业开发区"),
    ]
    assert all(same(a, b) for a, b in pairs)
    others = [
        ("鼓楼区", "徐州市鼓楼区"),
        ("徐州市鼓楼区", "南京市鼓楼区"),
        ("四方区", "市北区"),
        ("恩施州", "恩施市"),
        ("海南省", "海南州"),
    ]
    assert not any(same(a, b) for a, b in others)
    assert same(None, None)
    assert not same(None, "市北区")


def test_every_label_is_of_one_place() -> None:
    """So that a context that shows a name says which place it means."""
    labels: dict[tuple[str, int], str] = {}
    for code, place in by_code().items():
        assert labels.setdefault((place.label, place.level), code) == code
        found = lookup(place.label)
        assert found is None or found.label == place.label
    shared = [name for name, meant in all_senses().items() if len({s.place for s in meant if not s.rank}) > 1]
    assert len(shared) > 30
    assert all(lookup(name) is None and not find_places(name)[0].settled for name in shared if find_places(name))


def test_all_districts_lie_in_a_province() -> None:
    for place in by_code().values():
        top = place
        while up := parent(top):
            top = up
        assert top.level == 1, place


# Zones and new areas as reports name them; the sentences are those of reports of 2025.


@pytest.mark.parametrize(
    ("text", "report", "named"),
    [
        ("宜春经开区在国家级经开区综合考评中前移90位", "宜春市", ["宜春经济技术开发区"]),
        ("持续推进随州高新区体制改革", "随州市", ["随州高新技术产业开发区"]),
        ("黄石经济技术开发区进至全国百强园区92位", "黄石市", ["黄石经济技术开发区"]),
        ("泸县经开区入选第二批成渝地区双城经济圈产业合作示范园区", "泸州市", ["泸县经济技术开发区"]),
        ("江宁经开区入选首批国家级碳达峰试点园区", "南京市", ["江宁经济技术开发区"]),
        ("蚌埠综合保税区获批设立", "安徽省", ["蚌埠综合保税区"]),
        ("涪陵工业园区获批国家级经开区", "重庆市", ["涪陵工业园区"]),
        (
            "支持嘉峪关工业园区、酒泉经开区、定西高新区创建国家级高新区",
            "甘肃省",
            ["嘉峪关工业园区", "酒泉经济技术开发区", "定西高新技术产业开发区"],
        ),
        ("苍梧县工业园区和蒙山县工业园区等县级园区", "梧州市", ["苍梧工业园区", "蒙山工业园区"]),
        ("雄安新区中关村科技园累计入驻企业130家", "北京市", ["雄安新区"]),
        ("江北新区新主城产业能级和功能品质提升", "南京市", ["江北新区"]),
        ("兰州新区、西咸新区", "甘肃省", ["兰州新区", "西咸新区"]),
        ("深化浦东新区综合改革试点", "上海市", ["浦东新区"]),
        ("综合保税区全年完成进出口额252.4亿元", "乌鲁木齐市", []),
        ("加快创建国家高新区，推动开发区提质提效", "资阳市", []),
        ("优质连锁药店快速进入新区域", "泰安市", []),
    ],
)
def test_zones_and_new_areas_are_places_of_their_own(text: str, report: str, named: list[str]) -> None:
    found = find_places(text, frozenset([report]))
    assert [mention.place.name for mention in found] == named
    assert not any(same(mention.place.label, report) for mention in found)


@pytest.mark.parametrize(
    ("zone", "around"),
    [("宜春经开区", "宜春市"), ("泸县经开区", "泸县"), ("雄安新区", "保定市"), ("苏州工业园区", "苏州市")],
)
def test_a_zone_lies_in_its_division_and_is_not_it(zone: str, around: str) -> None:
    found, outer = lookup(zone), lookup(around)
    assert found
    assert outer
    assert outer.holds(found)
    assert parent(found) == outer
    assert not same(zone, around)


ZONED = "宜春市 宜春经开区 江西省 赣江新区"


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ("宜春", 0),
        ("宜春市", 0),
        ("宜春经济技术开发区", 1),
        ("宜春经开区", 1),
        ("江西", 2),
        ("赣江新区", 3),
        ("宜春高新区", None),
        ("赣州经开区", None),
    ],
)
def test_a_city_and_the_zones_in_it_have_figures_of_their_own(asked: str, number: int | None) -> None:
    answer = of(ZONED).ask(f"{asked}2024年GDP多少？")
    assert figures(answer) == ([] if number is None else [str(1001 + number)])
    assert answer.refused == (number is None)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("青岛港集装箱吞吐量增长7%", []),
        ("崂山实验室挂牌", []),
        ("推广“莱西经验”", []),
        ("青岛海洋科学实验室、青岛大学", []),
        ("青岛创新创业活力区", []),
        ("上海合作组织峰会", []),
        ("青岛新建学校5所", ["青岛市"]),
        ("青岛计划建设地铁3条", ["青岛市"]),
        ("青岛有几个机场", ["青岛市"]),
        ("李沧的医院有几家", ["李沧区"]),
        ("青岛社区食堂20处", ["青岛市"]),
        ("市北高还是李沧高", ["市北区", "李沧区"]),
        ("青岛各区市", ["青岛市"]),
    ],
)
def test_a_place_in_the_name_of_a_thing_is_no_place(text: str, named: list[str]) -> None:
    found = find_places(text, frozenset(["市北区"]))
    assert [mention.place.name for mention in found if mention.place.level > 1] == named


# Groups.

DELTA = "江苏省 浙江省 安徽省 上海市 山东省"


@pytest.mark.parametrize(
    "question", ["长三角2024年GDP多少？", "长三角2024年GDP", "长三角三省一市2024年GDP", "长三角各省2024年GDP"]
)
def test_a_group_is_answered_for_its_members(question: str) -> None:
    answer = of(DELTA).ask(question)
    assert {c.place for c in answer.citations} == {"江苏省", "浙江省", "安徽省", "上海市"}


def test_a_group_of_which_some_are_missing_says_so() -> None:
    answer = of(DELTA).ask("东部地区2024年GDP多少？")
    assert {c.place for c in answer.citations} == {"江苏省", "浙江省", "上海市", "山东省"}
    assert "资料没有写：北京市、天津市、河北省、福建省、广东省、海南省。" in answer.answer


@pytest.mark.parametrize(
    "question", ["京津冀2024年GDP多少？", "中部六省2024年GDP", "成渝2024年GDP", "东北三省2024年GDP"]
)
def test_a_group_is_never_answered_for_one_member(question: str) -> None:
    answer = of(DELTA).ask(question)  # of 中部 only 安徽省 is there
    assert answer.refused
    assert answer.answer.startswith(f"资料里没有{question[:2]}")


@pytest.mark.parametrize("name", ["长三角", "长江三角洲", "珠三角", "珠江三角洲"])
def test_a_group_has_one_set_of_members_by_its_long_and_its_short_name(name: str) -> None:
    short = name.replace("长江三角洲", "长三角").replace("珠江三角洲", "珠三角")
    assert group(name) == group(short)
    assert len(group(name)) > 2
    assert not find_places(name)  # none of them is meant alone


def test_a_group_as_the_field_of_a_policy_or_a_rank_is_no_place() -> None:
    assert of(DELTA).ask("江苏在长三角2024年GDP排第几").query.places == ("江苏省",)  # type: ignore[union-attr]
    assert of(DELTA).ask("长三角一体化2025年有什么安排").query.places == ()  # type: ignore[union-attr]


def test_the_four_regions_are_the_provinces_of_the_mainland() -> None:
    regions = [set(group(name)) for name in ("东部", "中部", "西部", "东北")]
    assert [len(region) for region in regions] == [10, 6, 12, 3]
    provinces = {p for p in by_code().values() if p.level == 1 and p.code not in ("71", "81", "82")}
    assert set.union(*regions) == provinces


def test_each_name_in_the_table_has_an_example_that_holds_it_and_a_source() -> None:
    lines = Path("index/text/lexicon/place_names.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0].split("\t") == ["term", "code", "class", "example", "source"]
    for term, code, class_, example, source in (line.split("\t") for line in lines[1:]):
        assert term in example
        assert source
        assert class_ in ("new_area", "zone", "group", "nation")
        if class_ in ("new_area", "group"):
            assert all(part in by_code() for part in code.split())
    assert groups() == frozenset(lexicon("group"))


def test_a_short_name_is_the_city_and_not_the_county_inside_it() -> None:
    """岳阳 is 岳阳市 where the reports speak of 岳阳县 too."""
    (mention,) = find_places("岳阳2023年的吞吐量", frozenset(["岳阳市", "岳阳县"]))
    assert mention.place.label == "岳阳市"
    (county,) = find_places("岳阳县2023年的吞吐量", frozenset(["岳阳市", "岳阳县"]))
    assert county.place.label == "岳阳县"
