"""The table of places is made of the published codes: divisions of today, and those that ended or were renamed."""

from __future__ import annotations

from pathlib import Path

from index.training.places import main, read, table

# Rows of areacodes (CC0 1.0): 即墨 became a district and kept its area, 四方 was joined to 市北, 黄岛 took in 胶南.
CSV = """代码,一级行政区,二级行政区,名称,级别,状态,启用时间,变更/弃用时间,新代码
370000,山东省,,山东省,省级,在用,1981,,
370200,山东省,青岛市,青岛市,地级,在用,1981,,
370201,山东省,青岛市,市辖区,县级,弃用,1983,1999,
370203,山东省,青岛市,市北区,县级,在用,1981,,
370205,山东省,青岛市,四方区,县级,弃用,1981,2012,370203
370211,山东省,青岛市,黄岛区,县级,在用,1983,,
370215,山东省,青岛市,即墨区,县级,在用,2017,,
370282,山东省,青岛市,即墨市,县级,弃用,1989,2017,370215
370284,山东省,青岛市,胶南市,县级,弃用,1990,2012,370211
370205,山东省,青岛市,台西区,县级,弃用,1981,1994,370203
420600,湖北省,襄樊市,襄樊市,地级,变更,1981,2010,
420600,湖北省,襄阳市,襄阳市,地级,在用,2010,,
522200,贵州省,铜仁地区,铜仁地区,地级,弃用,1981,2011,
520600,贵州省,铜仁市,铜仁市,地级,在用,2011,,
"""


def test_divisions_of_today_come_first_and_those_that_ended_name_their_heir() -> None:
    assert table(read(CSV.splitlines())) == [
        ("370000", "山东省", "", ""),
        ("370200", "青岛市", "", ""),
        ("370203", "市北区", "", ""),
        ("370211", "黄岛区", "", ""),
        ("370215", "即墨区", "", ""),
        ("420600", "襄阳市", "", ""),
        ("520600", "铜仁市", "", ""),
        ("370205", "四方区", "2012", ""),  # no division went on with its area: 市北区 was there before
        ("370282", "即墨市", "2017", "370215"),
        ("370284", "胶南市", "2012", ""),
        ("420600", "襄樊市", "2010", "420600"),
        ("522200", "铜仁地区", "2011", "520600"),
    ]


def test_the_table_is_written_with_its_header(tmp_path: Path) -> None:
    (tmp_path / "result.csv").write_text(CSV, encoding="utf-8")
    main(tmp_path / "result.csv", tmp_path / "places.tsv")
    lines = (tmp_path / "places.tsv").read_text("utf-8").splitlines()
    assert lines[0] == "code\tname\tuntil\tnow"
    assert lines[1] == "370000\t山东省\t\t"
    assert len(lines) == 13
