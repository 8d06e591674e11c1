"""All that is said of a field, what is counted off, and what is known by a place: over the seeds and small reports."""

from __future__ import annotations

import pytest

from index.embed.embedder import load_embedder
from index.storage.build import build
from rag import Answer, Pipeline, open_pipeline

METROS = {
    "甲.txt": "北京市2025年政府工作报告\n\n一、2024年工作回顾\n\n"
    "2024年，地铁运营里程达到879公里。建成公园30个。城镇新增就业28万人。\n",
    "乙.txt": "广东省2025年政府工作报告\n\n一、2024年工作回顾\n\n"
    "2024年，广州白云机场开通国际航线20条，旅客吞吐量达到7600万人次。全省新建学校40所。深圳新建公园15个。"
    "全省城镇新增就业140万人。\n\n二、2025年工作安排\n\n今年，继续办好3件民生实事。一是增加学位2万个；"
    "二是新建养老服务中心100个，改造200个；三是补贴听力筛查5000例。其他工作也要做好。\n\n"
    "三、2025年四项惠民工程\n\n（一）实施银龄计划\n\n组织退休教师支教。\n\n（二）实施放心食堂工程\n\n检查食堂900家。\n\n"
    "（三）推动法律援助\n\n受理案件1万件。\n\n（四）整治农村环境\n\n改造厕所3万座。\n",
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Answers over two small reports of 北京市 and 广东省."""
    folder = tmp_path_factory.mktemp("metros")
    for name, text in METROS.items():
        (folder / name).write_text(text, encoding="utf-8")
    build([folder], folder / "index", embedder=load_embedder())
    return open_pipeline(folder / "index")


def quotes(answer: Answer) -> str:
    return " ".join(citation.quote for citation in answer.citations)


# A field.


@pytest.mark.parametrize("question", ["青岛2025年在养老方面有什么打算", "青岛2025年养老上有啥新安排"])
def test_what_is_said_of_a_field_is_gathered_from_several_sections(real_pipeline: Pipeline, question: str) -> None:
    answer = real_pipeline.ask(question)
    for words in ("银发经济发展政策", "养老金融改革", "失智老年人照护中心", "适老化改造1万户以上"):
        assert words in quotes(answer)
    assert {(c.place, c.year) for c in answer.citations} == {("青岛市", 2025)}


def test_lines_of_one_place_time_and_kind_say_it_once(real_pipeline: Pipeline) -> None:
    first, *lines = real_pipeline.ask("青岛2025年在养老方面有什么打算").answer.splitlines()
    assert first == "2025年青岛市目标："
    assert all(line.startswith("· ") and line.endswith("]") for line in lines)


def test_a_field_that_a_heading_names_is_all_that_stands_under_it(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.ask("青岛2025年海洋领域有哪些举措")
    assert len(answer.citations) == 13  # the items under heading 5 of 004
    assert all("海洋城市" in " ".join(citation.section) for citation in answer.citations)


def test_how_something_is_done_asks_for_the_field(real_pipeline: Pipeline) -> None:
    assert "低空飞行服务" in quotes(real_pipeline.ask("青岛2025年怎么发展低空经济"))


def test_a_field_that_is_not_there_is_refused(real_pipeline: Pipeline) -> None:
    assert real_pipeline.ask("崂山区2025年在殡葬方面有什么安排").refused


# What is counted off.


def test_what_follows_counted_off_is_the_list(reports: Pipeline) -> None:
    answer = reports.ask("广东2025年3件民生实事是什么")
    assert [c.quote.strip("；。") for c in answer.citations] == [
        "一是增加学位2万个", "二是新建养老服务中心100个，改造200个", "三是补贴听力筛查5000例",
    ]  # fmt: skip


def test_as_many_headings_as_are_asked_for_are_the_list(reports: Pipeline) -> None:
    answer = reports.ask("广东2025年四项惠民工程有哪些")
    found = [c.quote for c in answer.citations]
    assert len(found) == 4
    assert ["银龄" in found[0], "食堂" in found[1], "法律" in found[2], "农村" in found[3]] == [True] * 4


# What is known by a place.


def test_what_is_known_by_a_place_is_not_that_of_another(reports: Pipeline) -> None:
    answer = reports.ask("广州地铁运营里程")
    assert answer.refused
    assert "广州地铁" in answer.answer
    assert "879公里" in reports.ask("北京地铁运营里程是多少").answer


def test_the_name_may_stand_ahead_in_the_sentence(reports: Pipeline) -> None:
    answer = reports.ask("2024年广州机场旅客吞吐量达到多少")
    assert "广州白云机场" in answer.answer
    assert "7600万人次" in answer.answer


def test_a_place_without_a_report_is_looked_for_around_it(reports: Pipeline, real_pipeline: Pipeline) -> None:
    assert "15个" in reports.ask("深圳2024年新建了多少个公园").answer
    assert "即墨温泉" in real_pipeline.ask("即墨2025年改造什么项目").answer


@pytest.mark.parametrize("question", ["深圳2024年新建学校多少所", "珠海2024年城镇新增就业多少人"])
def test_the_figure_of_the_place_around_is_not_its_own(reports: Pipeline, question: str) -> None:
    answer = reports.ask(question)
    assert answer.refused
    assert answer.covered == ("广东省2024年、2025年",)


# What an answer must hold.


@pytest.mark.parametrize("question", ["市北区助老食堂有多少个", "市北区人大什么时候开会"])
def test_a_number_or_a_time_that_no_clause_tells_is_not_answered(real_pipeline: Pipeline, question: str) -> None:
    assert real_pipeline.ask(question).refused


def test_the_head_of_a_district_is_asked_for_by_office(real_pipeline: Pipeline) -> None:
    assert "杨克敏" in real_pipeline.ask("崂山区长是谁").answer  # 003: 崂山区区长杨克敏作政府工作报告
