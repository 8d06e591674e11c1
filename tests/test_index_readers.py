"""Files to characters: encodings, what is not text, which files there are, and the sidecar."""

import codecs
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import SourceError
from index.readers import text as reader
from index.readers.sidecar import Sidecar
from index.readers.sources import Skipped, find_sources, shown
from index.readers.text import decode, read_text

SEEDS = Path(__file__).parents[1] / "seeds"
REPORT = "2025年市北区政府工作报告\n\n新增就业4万人，同比增长5%。\n"

# Real text has words; characters that only binary data has, line endings and the mark itself are tested apart.
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Co", "Cn"], exclude_characters="\ufeff")).map(
    lambda text: "报告 " + text
)


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "gb18030"),
        (b"\x84\x31\x95\x33", "gb18030"),
    ],
)
@given(text=texts)
def test_every_encoding_gives_the_same_characters(mark: bytes, encoding: str, text: str) -> None:
    data = mark + text.encode(encoding)
    if encoding == "gb18030" and not mark and _is_utf8(data):
        return  # the same bytes mean something else in UTF-8, which is tried first
    assert decode(data, "报告.txt") == text


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("seed", sorted(SEEDS.glob("*.txt")), ids=lambda path: path.name)
def test_a_seed_reads_the_same_in_all_encodings(seed: Path, tmp_path: Path) -> None:
    text = seed.read_text(encoding="utf-8")
    for name, encoding in (("gb.txt", "gb18030"), ("u16.txt", "utf-16"), ("bom.txt", "utf-8-sig")):
        (tmp_path / name).write_bytes(text.encode(encoding))
        assert read_text(tmp_path / name) == read_text(seed) == text


def test_line_endings_become_one_character_each() -> None:
    assert decode("甲\r\n乙\r丙\n\r\n丁".encode(), "报告.txt") == "甲\n乙\n丙\n\n丁"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "没有文字"),
        (b" \r\n\t\n", "没有文字"),
        ("……——。\n".encode(), "没有文字"),
        (b"%PDF-1.7\n" + REPORT.encode(), "内容是PDF"),
        (b"PK\x03\x04" + REPORT.encode(), "ZIP 或 Office"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"\x7fELF\x02\x01", "可执行程序"),
        ("报告\0正文".encode(), "空字符"),
        (codecs.BOM_UTF32_LE + REPORT.encode("utf-32-le"), "空字符"),
        ("2025 GDP".encode("utf-16-le"), "空字符"),
        ("报告\x01\x02\x03\x04".encode(), "多为控制字符"),
        (REPORT.encode() + b"\xff\xff", "编码无法识别"),
        (codecs.BOM_UTF8 + "报告".encode("gb18030"), "编码无法识别"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8a", "编码无法识别"),
    ],
)
def test_what_is_not_text_is_refused_with_the_reason(data: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "报告.txt"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=why) as caught:
        read_text(path)
    assert caught.value.what.startswith(str(path))
    assert caught.value.remedy


def test_a_file_that_is_too_large_missing_or_a_pipe_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text(REPORT, encoding="utf-8")
    os.mkfifo(tmp_path / "pipe.txt")
    monkeypatch.setattr(reader, "MAX_BYTES", 10)
    for name, why in (("a.txt", "超过上限"), ("b.txt", "没有这个文件"), ("pipe.txt", "不是普通文件")):
        with pytest.raises(SourceError, match=why):
            read_text(tmp_path / name)


def test_folders_give_their_text_files_sorted_and_list_the_rest(tmp_path: Path) -> None:
    for name in (
        "b/2.md",
        "b/1.TXT",
        "a.txt",
        ".hidden.txt",
        ".git/x.txt",
        "reports.jsonl",
        "b/1.DOCX",
        "x.rtf",
        "README",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files, skipped = find_sources([tmp_path, tmp_path / "a.txt"])
    found = [file.path.relative_to(tmp_path).as_posix() for file in files]
    assert found == ["a.txt", "b/1.DOCX", "b/1.TXT", "b/2.md"]
    assert [file.name for file in files] == [f"{tmp_path.name}/{name}" for name in found]
    assert [Path(one.file).name for one in skipped] == ["README", "x.rtf"]
    assert ".rtf" in skipped[1].reason


def test_links_are_followed_only_inside_the_folder(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside / "sub", outside):
        folder.mkdir(parents=True)
        (folder / "a.txt").write_text(REPORT, encoding="utf-8")
    (inside / "alias.txt").symlink_to(inside / "sub" / "a.txt")
    (inside / "loop").symlink_to(inside)
    (inside / "leaves.txt").symlink_to(outside / "a.txt")
    (inside / "leaves").symlink_to(outside)
    (inside / "broken.txt").symlink_to(inside / "nothing.txt")
    files, skipped = find_sources([inside])
    assert [file.name for file in files] == ["in/alias.txt", "in/sub/a.txt"]
    assert skipped == [
        Skipped("in/broken.txt", "链接指向的文件不存在。"),
        Skipped("in/leaves", "链接指向文件夹之外。"),
        Skipped("in/leaves.txt", "链接指向文件夹之外。"),
    ]


def test_names_in_the_library_tell_files_apart_and_no_more(tmp_path: Path) -> None:
    for name in ("a/reports/x.txt", "b/reports/x.txt", "b/reports/2024/y.txt", "c/x.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    roots = [tmp_path / "a/reports", tmp_path / "b/reports", tmp_path / "c/x.txt"]
    names = [file.name for file in find_sources(roots)[0]]
    assert names == ["a/reports/x.txt", "b/reports/x.txt", "b/reports/2024/y.txt", "x.txt"]
    alone = [file.name for file in find_sources([tmp_path / "b/reports"])[0]]
    assert alone == ["reports/x.txt", "reports/2024/y.txt"]
    assert not any(str(tmp_path) in name for name in (*names, *alone))


def test_a_name_that_is_no_text_is_skipped_and_what_does_not_show_is_not_shown(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a\u202etxt.txt").touch()
    (folder / os.fsdecode("市北报告.txt".encode("gb18030"))).touch()
    files, skipped = find_sources([folder])
    assert [file.name for file in files] == ["in/atxt.txt"]
    assert files[0].path.exists()
    (one,) = skipped
    assert "不是 UTF-8" in one.reason
    assert one.file == "in/市北报告.txt"
    assert shown("a\ud800\nb\u200b") == "a\\ud800 b"


def test_a_missing_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="没有这个文件或文件夹"):
        find_sources([tmp_path / "nothing"])


def test_the_sidecar_knows_a_report_by_name_or_by_hash(tmp_path: Path) -> None:
    rows = '{"file": "a.txt", "year": 2025, "place": null}\n\n{"sha256": "ab", "title": "报告"}\n'
    (tmp_path / "reports.jsonl").write_text(rows, encoding="utf-8")
    sidecar = Sidecar.beside(tmp_path)
    assert sidecar.of("a.txt", "ab") == {"file": "a.txt", "year": 2025}
    assert sidecar.of("b.txt", "ab") == {"sha256": "ab", "title": "报告"}
    assert sidecar.of("b.txt", "cd") == Sidecar.beside(tmp_path.parent).of("a.txt", "ab") == {}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "不是 JSON"),
        ("[" * 100_000, "不是 JSON"),
        ("[1]", "不是 JSON 对象"),
        ('{"title": "报告"}', "缺少 file 或 sha256"),
        ('{"file": "\u200b"}', "缺少 file 或 sha256"),
        ('{"file": "b.txt", "year": "2025"}', "year 应为整数"),
        ('{"file": "b.txt", "year": true}', "year 应为整数"),
        ('{"file": "b.txt", "year": 1e400}', "year 应为整数|不是 JSON"),
        ('{"file": "b.txt", "year": ' + "9" * 5000 + "}", "year 应在 1900 与 2100 之间|不是 JSON"),
        ('{"file": "b.txt", "year": 0}', "year 应在 1900 与 2100 之间"),
        ('{"file": "b.txt", "title": 1}', "title 应为文字"),
        ('{"file": "b.txt", "title": "\\ud800"}', "不是 JSON"),
        ('{"file": "b.txt", "place": "' + "市" * 300_000 + '"}', "place 超过 300 字"),
        ('{"file": "a.txt"}', "前面已经有一行"),
    ],
)
def test_a_broken_line_of_a_sidecar_is_left_out_and_told(line: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "reports.jsonl").write_text(f'{{"file": "a.txt"}}\n\n{line}\n{{"file": "c.txt"}}\n', encoding="utf-8")
    sidecar = Sidecar.beside(tmp_path)
    assert set(sidecar.by_file) == {"a.txt", "c.txt"}
    ((number, reason),) = sidecar.broken
    assert number == 3
    assert re.search(why, reason)


def test_a_sidecar_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "reports.jsonl").write_bytes(b"\xff\xff")
    assert Sidecar.beside(tmp_path) == Sidecar({}, {}, ((0, "编码无法识别（试过 UTF-8、GB18030）。"),))


def test_what_does_not_show_is_no_part_of_a_title(tmp_path: Path) -> None:
    (tmp_path / "reports.jsonl").write_text('{"file": "a.txt", "title": "\u202e报\u200b告\\n"}', encoding="utf-8")
    assert Sidecar.beside(tmp_path).of("a.txt", "")["title"] == "报告"
