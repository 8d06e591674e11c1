"""What stands around the text of a saved page: its description and what is left of its menus."""

import pytest

from index.annotate.report import ReadReport, read_report
from index.parse.front_matter import field_of, front_matter, told_by
from index.parse.lines import split_lines
from index.parse.outline import outline

TEXT = """一、2023年工作回顾

过去一年，全省生产总值增长5.5%，城镇新增就业89.9万人。

二、2024年目标任务

今年，全省生产总值预期增长5.5%左右，城镇新增就业86万人。
"""
DESCRIBED = f"""标题：2024年河北省政府工作报告
发文单位：河北省人民政府
发文时间：2024-1-5
报告人：省长 甲某
来源URL：https://www.hebei.gov.cn/columns/a/202401/26/c.html

正文：

{TEXT}"""
ENTRIES = (
    "中国政府网",
    "河北省政府",
    "长者模式",
    "|",
    "首页",
    "政务服务",
    "当前位置：",
    "首页",
    ">>",
    "领导之窗",
    ">>",
)
MENU = "\n\n".join(ENTRIES)


def read(text: str, **metadata: object) -> ReadReport:
    return read_report(text, file="a.txt", sha256="0" * 64, metadata=metadata)


def roles(text: str) -> list[tuple[str, str]]:
    return [(block.role, block.text) for block in outline(text)]


def test_a_description_is_furniture_but_for_its_title() -> None:
    before, text = roles(DESCRIBED)[:7], roles(DESCRIBED)[7:]
    assert before[:2] == [("furniture", "标题："), ("title", "2024年河北省政府工作报告")]
    assert {role for role, _ in before[2:]} == {"furniture"}
    assert text == roles(TEXT)


def test_a_description_goes_to_the_report_where_no_sidecar_says_otherwise() -> None:
    report = read(DESCRIBED).report
    assert (report.title, report.publisher, report.date) == (
        "2024年河北省政府工作报告", "河北省人民政府", "2024-01-05",
    )  # fmt: skip
    assert (report.place, report.year) == ("河北省", 2024)
    said = read(DESCRIBED, title="报告", publisher="省政府办公厅", date="2024-01-26").report
    assert (said.title, said.publisher, said.date) == ("报告", "省政府办公厅", "2024-01-26")


def test_every_character_stays_at_its_place() -> None:
    for block in outline(DESCRIBED):
        assert block.text == "".join(DESCRIBED[a:b] for a, b in block.spans)


def test_what_describes_a_page_is_no_passage() -> None:
    assert not [p for p in read(DESCRIBED).passages if "人民政府" in p.text or "URL" in p.text]


def test_keys_need_not_be_known_when_one_is() -> None:
    lines = split_lines("责任编辑：甲\n点击量：1200\n发布机构：市统计局\n\n" + TEXT)
    assert front_matter(lines).size == 3


@pytest.mark.parametrize(
    "text",
    [
        "发布时间：2024年8月30日\n" + TEXT,  # one line alone
        "市北区：新增就业4万人\n李沧区：新增就业3万人\n" + TEXT,  # none of the keys describes a page
        "时间：2025年\n目标：新增就业4万人\n" + TEXT,  # it may be the time of anything
        "时间：上午九点。\n地点：会议中心。\n" + TEXT,  # sentences
        "一、标题：甲\n二、日期：乙\n" + TEXT,  # numbered
    ],
)
def test_other_lines_with_a_colon_are_text(text: str) -> None:
    assert front_matter(split_lines(text)).size == 0


def test_a_key_that_comes_again_ends_the_description() -> None:
    assert front_matter(split_lines("发布日期：甲\n单位：乙\n单位：丙\n" + TEXT)).size == 2


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("发文日期：2023年02月03日", {"date": "2023-02-03"}),
        ("发布时间: 2023-2-3 10:20", {"date": "2023-02-03"}),
        ("发文时间：未知", {}),
        ("印发机关：市政府办公室", {"publisher": "市政府办公室"}),
        ("title: Report", {"title": "Report"}),
        ("目标：新增就业4万人", {"other": "新增就业4万人"}),
    ],
)
def test_what_a_line_tells(line: str, told: dict[str, str]) -> None:
    assert told_by([line]) == told


def test_a_sentence_tells_nothing() -> None:
    assert field_of("主要目标：新增就业4万人。") is None


def test_what_is_left_of_a_menu_is_furniture() -> None:
    found = roles(f"{MENU}\n\n2024年河北省政府工作报告\n\n{TEXT}")
    entries = len(ENTRIES)
    assert {role for role, _ in found[:entries]} == {"furniture"}
    assert found[entries] == ("title", "2024年河北省政府工作报告")
    assert found[entries + 1 :] == roles(TEXT)


def test_a_title_above_its_date_in_a_menu_is_the_title() -> None:
    rest = "政府工作报告\n\n2024年1月5日\n\n【\n\n字体：\n\n大\n\n小\n\n】\n\n"
    found = roles(f"{MENU}\n\n{rest}{TEXT}")
    assert [text for role, text in found if role == "title"] == ["政府工作报告"]
    assert [text for role, text in found if role == "heading"] == ["一、2023年工作回顾", "二、2024年目标任务"]


def test_short_lines_without_marks_between_them_are_no_menu() -> None:
    assert front_matter(split_lines("就业\n教育\n医疗\n养老\n住房\n" + TEXT)).size == 0


def test_an_office_above_the_date_of_issue_is_furniture() -> None:
    found = roles(f"# 2023年发展统计公报\n\n中华人民共和国文化和旅游部\n发布时间：2024年08月30日\n\n{TEXT}")
    assert found[0] == ("title", "2023年发展统计公报")
    assert [role for role, _ in found[1:3]] == ["furniture", "furniture"]
    assert read(f"# 公报一则\n\n青岛市市北区统计局\n发布时间：2024年08月30日\n\n{TEXT}").report.date == "2024-08-30"


FOOT = (
    "石家庄市",
    "省教育厅",
    "网站地图",
    "冀ICP备00000000号-1",
    "网站标识码：1300000000",
    "主办：河北省人民政府办公厅",
    "©",
    "河北省人民政府微信",
    "您访问的链接即将离开“河北省人民政府”门户网站",
    "是否继续？",
    "放弃",
)


@pytest.mark.parametrize("apart", ["\n", "\n\n"])
def test_what_is_left_of_the_foot_of_a_page_is_furniture(apart: str) -> None:
    page = TEXT + "\n" + apart.join(FOOT)
    assert roles(page) == roles(TEXT) + [("furniture", entry) for entry in FOOT]
    assert not any("ICP" in passage.text or "石家庄" in passage.text for passage in read(page).passages)


def test_the_text_may_go_on_behind_the_menus() -> None:
    page = TEXT + "\n\n" + "\n\n".join(FOOT) + "\n\n" + TEXT
    assert [role for role, _ in roles(page) if role != "furniture"] == [role for role, _ in roles(TEXT)] * 2


def test_a_list_at_the_end_is_no_menu() -> None:
    entries = [f"完成第{place}中学改造" for place in "一二三四五六七八九十"]
    assert [role for role, text in roles(TEXT + "\n" + "\n".join(entries)) if text in entries] == ["item"] * 10
