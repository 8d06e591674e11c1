"""Web pages, Word documents, PDFs, pictures and archives as text, from real files made here; and what is refused."""

from __future__ import annotations

import stat
import time
import zipfile
from io import BytesIO
from pathlib import Path

import made_files as made
import pytest

from index.annotate.report import read_report
from index.errors import SourceError
from index.parse.outline import outline
from index.readers import child, document
from index.readers.document import opened_source, parse_document, read_document
from index.readers.sources import SourceFile

FONTS = sorted(Path("/usr/share/fonts").rglob("NotoSansCJK-Regular.ttc"))
REPORT = "2025年市北区政府工作报告\n\n新增就业4万人，同比增长5%。\n"


def lines(name: str, data: bytes) -> list[str]:
    """The lines of a file's text that are not blank."""
    return [line for line in parse_document(data, name).text.split("\n") if line.strip()]


def refused(name: str, data: bytes) -> str:
    with pytest.raises(SourceError) as caught:
        parse_document(data, name)
    assert "\n" not in caught.value.what
    assert caught.value.remedy
    assert caught.value.what.startswith(f"{name}：")
    return caught.value.what.removeprefix(f"{name}：")


# HTML

PAGE = """<!doctype html><html><head><meta charset="{charset}"><title>市北区政府工作报告_市北区人民政府</title>
<style>.x{{color:red}}</style></head><body>
<nav><a href="/">首页</a><a href="/a">政务公开</a></nav><div class="breadcrumb">当前位置</div>
<div id="main"><h2>一、2024年工作回顾</h2><p>2024年，新增就业4万人，<b>同比</b>增长5%，
源头化解矛盾。</p><ul><li>建成学校5所</li><li>改造小区12个</li></ul>
<table><caption>主要指标</caption><tr><th rowspan="2">指标</th><th colspan="2">就业</th></tr>
<tr><th>2024年完成</th><th>2025年目标</th></tr><tr><td>新增就业</td><td>4万人</td><td>4.5万人</td></tr></table>
<figure><img src="x.png"><figcaption>图为新建成的学校。</figcaption></figure>
<h2>二、2025年工作安排</h2><p>预期&nbsp;新增就业4.5万人。<br>建成学校6所。</p><script>var a = "坏";</script></div>
<div class="share">分享到微信</div><footer>版权所有</footer></body></html>"""
PAGE_LINES = [
    "# 市北区政府工作报告",
    "## 一、2024年工作回顾",
    "2024年，新增就业4万人，同比增长5%，源头化解矛盾。",
    "- 建成学校5所",
    "- 改造小区12个",
    "主要指标",
    "就业 2024年完成新增就业4万人；就业 2025年目标新增就业4.5万人。",
    "图为新建成的学校。",
    "## 二、2025年工作安排",
    "预期 新增就业4.5万人。",
    "建成学校6所。",
]


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("utf-8", "utf-8"), ("gb2312", "gb18030"), ("GBK", "gb18030"), ("utf-8", "utf-16"), ("utf-8", "utf-8-sig"),
     ("big5", "utf-8"), ("", "gb18030")],
)  # fmt: skip
def test_a_page_is_its_title_and_main_content_in_every_encoding(charset: str, encoding: str) -> None:
    page = PAGE if encoding == "utf-8" or encoding.startswith("utf") else PAGE.replace("矛盾", "矛盾䶮㐂")
    if charset == "big5":  # it says so and is not: what fits is taken
        page = page.replace("市北", "市北镕")
    expected = [line.replace("矛盾", "矛盾䶮㐂") if page is not PAGE and "䶮" in page else line for line in PAGE_LINES]
    if charset == "big5":
        expected = [line.replace("市北", "市北镕") for line in expected]
    assert lines("a.html", page.format(charset=charset).encode(encoding)) == expected


def test_the_outline_of_a_page_has_its_headings_and_whole_paragraphs() -> None:
    blocks = outline(parse_document(PAGE.format(charset="utf-8").encode(), "a.htm").text)
    assert [(block.role, block.text) for block in blocks][:5] == [
        ("title", "市北区政府工作报告"),
        ("heading", "一、2024年工作回顾"),
        ("paragraph", "2024年，新增就业4万人，同比增长5%，源头化解矛盾。"),
        ("item", "建成学校5所"),
        ("item", "改造小区12个"),
    ]
    assert [block.text for block in blocks if block.level == 1] == ["一、2024年工作回顾", "二、2025年工作安排"]


def test_a_table_for_the_layout_is_no_table_and_deep_nesting_no_crash() -> None:
    layout = "<table><tr><td><h2>一、回顾</h2><p>新增就业4万人。</p></td><td><p>建成学校5所。</p></td></tr></table>"
    assert lines("a.html", layout.encode())[-2:] == ["新增就业4万人。", "建成学校5所。"]
    deep = "<div>" * 500 + "新增就业4万人。" + "</div>" * 500
    assert lines("a.html", deep.encode()) == ["新增就业4万人。"]
    deeper = "<p>报告</p>" + "<div>" * 20_000 + "新增就业4万人。"
    assert refused("a.html", deeper.encode()) == "网页的嵌套太深。"
    assert refused("a.html", b"<p>\xff\xff\xff</p>").startswith("编码无法识别")
    assert refused("a.html", b"<script>1</script>") == "没有文字。"


# Word


def word() -> bytes:
    from docx import Document

    file = Document()
    file.add_heading("2025年市北区政府工作报告", 0)
    file.sections[0].header.paragraphs[0].text = "页眉文字"
    file.add_heading("一、2024年工作回顾", 1)
    paragraph = file.add_paragraph("2024年，新增就业4万人，")
    paragraph.add_run("同比增长5%。").bold = True
    file.add_paragraph("建成学校5所", style="List Bullet")
    file.add_heading("（一）经济运行", 2)
    table = file.add_table(rows=3, cols=3)
    cells = ["指标", "2024年完成", "2025年目标", "新增就业", "4万人", "4.5万人", "生产总值", "增长5%", ""]
    for cell, text in zip([cell for row in table.rows for cell in row.cells], cells, strict=True):
        cell.text = text
    file.add_paragraph("图为新建成的学校。", style="Caption")
    out = BytesIO()
    file.save(out)
    return out.getvalue()


def test_a_word_document_keeps_headings_lists_and_tables() -> None:
    assert lines("a.docx", word()) == [
        "# 2025年市北区政府工作报告",
        "## 一、2024年工作回顾",
        "2024年，新增就业4万人，同比增长5%。",
        "- 建成学校5所",
        "### （一）经济运行",
        "2024年完成新增就业4万人；2025年目标新增就业4.5万人。",
        "2024年完成生产总值增长5%。",
        "图为新建成的学校。",
    ]


def test_insertions_count_and_deletions_do_not() -> None:
    body = (
        "<w:p><w:r><w:t>新增就业</w:t></w:r><w:del><w:r><w:delText>3</w:delText><w:t>3</w:t></w:r></w:del>"
        "<w:ins><w:r><w:t>4</w:t></w:r></w:ins><w:r><w:t>万人。</w:t></w:r></w:p>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>建成学校5所。</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    assert lines("a.docx", made.raw_docx(body)) == ["新增就业4万人。", "建成学校5所。"]


# PDF

WRAPPED = [
    "2024年，全区新增就业4万人，改造老旧小区12个，源头",
    "化解矛盾纠纷，建设国家级产业园区，推动港航创新实",
    "验室落地，市级创新平台达到20个。",
]


def column(x: float, top: float, texts: list[str]) -> list[made.Line]:
    return [(x, top + 16 * i, text) for i, text in enumerate(texts)]


def test_the_columns_of_a_page_are_read_one_after_the_other() -> None:
    left = [f"左栏第{i}行新增就业四万人改造老旧小区十二" for i in range(12)]
    right = [f"右栏第{i}行建成学校五所引进项目二十个建设" for i in range(12)]
    page = [(200.0, 90.0, "2025年市北区政府工作报告"), *column(60, 140, left), *column(320, 140, right)]
    page += [(60.0, 400.0, "通栏的一行从左到右横跨两栏新增就业四万人改造老旧小区十二个建成学校五所引进项目")]
    found = lines("a.pdf", made.pdf([page]))
    assert found == ["2025年市北区政府工作报告", *left, *right, page[-1][2]]


def test_a_table_without_rules_is_read_row_by_row() -> None:
    page = [(x, 140.0 + 16 * i, text) for i in range(6) for x, text in ((60, f"指标{i}"), (320, f"{i}万人"))]
    assert lines("a.pdf", made.pdf([page])) == [f"指标{i} {i}万人" for i in range(6)]


def test_what_repeats_on_the_pages_is_left_out_and_a_paragraph_goes_on_over_the_break() -> None:
    body = [WRAPPED[:2], WRAPPED[2:], ["2025年，新增就业4.5万人。"], ["建成学校5所，改造小区12个。"]]
    pages = [
        [(230.0, 50.0, "市北区政府文件汇编"), *column(60, 120, texts), (280.0, 800.0, f"- {number} -")]
        for number, texts in enumerate(body, 1)
    ]
    text = parse_document(made.pdf(pages), "a.pdf").text
    assert "文件汇编" not in text
    assert "- 1 -" not in text
    assert "".join(WRAPPED) in [block.text for block in outline(text)]
    once = made.pdf([pages[0]])  # on one page nothing repeats
    assert "市北区政府文件汇编" in lines("a.pdf", once)


def test_a_ruled_table_is_sentences_also_over_a_page_break() -> None:
    tables = [
        [["指标", "2024年完成", "2025年目标"], ["新增就业", "4万人", "4.5万人"]],
        [["生产总值", "900亿元", "1000亿元"]],
    ]
    pages = [[(60.0, 120.0, "一、2024年工作回顾与2025年目标")], []]
    assert lines("a.pdf", made.pdf(pages, tables=tables)) == [
        "一、2024年工作回顾与2025年目标",
        "2024年完成新增就业4万人；2025年目标新增就业4.5万人。",
        "2024年完成生产总值900亿元；2025年目标生产总值1000亿元。",
    ]


def test_an_indented_line_begins_a_paragraph() -> None:
    page = [*column(60, 120, [*WRAPPED[:2]]), (80.0, 152.0, "改造老旧小区12个并且建成学校五所引进项目")]
    text = parse_document(made.pdf([page]), "a.pdf").text
    assert outline(text)[-1].text.startswith("改造老旧小区12个")


# Scans and pictures


def test_a_scan_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "has_ocr", lambda: False)
    assert refused("a.pdf", made.scanned_pdf(made.plain_picture())) == "是扫描件，请安装 wenju[ocr]。"
    assert refused("a.png", made.plain_picture()) == "是图片，请安装 wenju[ocr]。"


@pytest.mark.skipif(not document.has_ocr(), reason="the extra [ocr] is not installed")
@pytest.mark.skipif(not FONTS, reason="no CJK font to draw with")
def test_text_is_recognised_on_scans_and_pictures() -> None:
    picture = made.picture(["2025年市北区政府工作报告", "新增就业4万人，同比增长5%。"], FONTS[0])
    for name, data in (("a.png", picture), ("a.pdf", made.scanned_pdf(picture))):
        found = parse_document(data, name)
        assert found.note == document.OCR_NOTE
        assert "2025年市北区政府工作报告" in found.text
        assert "新增就业4万人" in found.text


# What is refused

BOMB = made.zipped({"[Content_Types].xml": b"", "word/document.xml": b"0" * 50_000_000})
ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
ENTITY = "<w:p><w:r><w:t>新增就业&{};</w:t></w:r></w:p>"
BLANK = made.raw_docx("<w:p/>")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
WORDS = made.raw_docx("<w:p><w:r><w:t>新增就业4万人。</w:t></w:r></w:p>")


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.html", b"", "没有文字"),
        ("a.docx", b"", "没有文字"),
        ("a.pdf", b"", "没有文字"),
        ("a.docx", BLANK, "没有文字"),
        ("a.pdf", made.pdf([[]]), "没有文字"),
        ("a.docx", BOMB, "压缩炸弹"),
        ("a.docx", made.raw_docx(ENTITY.format("i"), before=ENTITIES), "DTD|已损坏"),
        ("a.docx", made.raw_docx(ENTITY.format("a"), before=OUTSIDE), "DTD"),
        ("a.docx", made.zipped({"a.txt": b"x"}), "不是 Word 文档"),
        ("a.docx", WORDS[:-30], "已损坏"),
        ("a.docx", WORDS[:200], "已损坏"),
        ("a.docx", made.raw_docx("<w:p>"), "已损坏"),
        ("a.docx", OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "有密码"),
        ("a.docx", OLE + b"\0" * 600, "旧版 Word"),
        ("a.pdf", made.locked_pdf(), "有密码"),
        ("a.pdf", made.pdf([column(60, 120, WRAPPED)])[:300], "已损坏|没有文字"),
        ("a.pdf", b"%PDF-1.7\n" + b"\0" * 100, "已损坏"),
        ("a.pdf", WORDS, "后缀是 .pdf，内容是ZIP"),
        ("a.docx", b"%PDF-1.7\n", "后缀是 .docx，内容是PDF"),
        ("a.html", made.plain_picture(), "后缀是 .html，内容是PNG"),
        ("a.png", b"\xff\xd8\xff\xe0", "后缀是 .png，内容是JPEG"),
        ("a.jpg", REPORT.encode(), "后缀是 .jpg，内容不是"),
        ("a.txt", WORDS, "内容是ZIP"),
        ("a.zip", made.zipped({"a.txt": b"x"}), "是压缩包"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_with_the_reason(name: str, data: bytes, why: str) -> None:
    import re

    assert re.search(why, refused(name, data))


def test_a_locked_member_is_refused() -> None:
    data = bytearray(made.zipped({"[Content_Types].xml": b"", "word/document.xml": b"abc"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = -1
        while (place := data.find(signature, place + 1)) >= 0:
            data[place + offset] |= 1
    assert refused("a.docx", bytes(data)) == "有密码。"


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (child.Limits(memory=300 * 1024**2), "内存"),
        (child.Limits(cpu=1), "时间"),
        (child.Limits(wall=1), "超过 1 秒"),
    ],
)
def test_a_parser_that_takes_too_much_is_ended(
    limits: child.Limits, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = {
        "内存": "def read(data): return {'text': 'x' * 10**9}",
        "时间": "def read(data):\n while True: pass",
        "超过 1 秒": "import time\ndef read(data): time.sleep(60)",
    }[why]
    (tmp_path / "hostile.py").write_text(code, encoding="utf-8")
    kind = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(child.ROOT)!r}]\n"
    script = kind + "from index.readers import child; child._KINDS['x'] = ('hostile:read', child.Limits())\n"
    (tmp_path / "run.py").write_text(script + "sys.exit(child.main())", encoding="utf-8")
    monkeypatch.setattr(child, "_COMMAND", (str(tmp_path / "run.py"),))
    start = time.monotonic()
    with pytest.raises(SourceError, match=why):
        child.run("x", b"", limits=limits)
    assert time.monotonic() - start < 20


def test_a_parser_that_crashes_or_prints_is_no_crash_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for code in ("import os; os.abort()", "print('not json')", "print('[1]')", "raise SystemExit(3)"):
        (tmp_path / "run.py").write_text(code, encoding="utf-8")
        monkeypatch.setattr(child, "_COMMAND", (str(tmp_path / "run.py"),))
        with pytest.raises(SourceError, match="已损坏"):
            child.run("html", b"")


# Archives


def test_an_archive_gives_its_members_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("报告/a.txt", REPORT)
        archive.writestr("b.docx", WORDS)
        for name in ("../out.txt", "/etc/out.txt", "C:/out.txt", "..\\out.txt"):
            archive.writestr(zipfile.ZipInfo(name), REPORT)
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("inner.zip", made.zipped({"a.txt": b"x"}))
        archive.writestr("a.xyz", "x")
        archive.writestr("__MACOSX/a.txt", "x")
    (tmp_path / "a.zip").write_bytes(file.getvalue())
    with opened_source(SourceFile(tmp_path / "a.zip", "a.zip")) as (sources, skipped):
        names = [source.name for source in sources]
        assert names == ["a.zip/b.docx", "a.zip/报告/a.txt"]
        assert sources[1].path.read_text("utf-8") == REPORT
        folder = sources[0].path.parent
    assert not folder.exists()
    reasons = {one.file.removeprefix("a.zip/"): one.reason for one in skipped}
    assert reasons["link.txt"] == "是链接。"
    assert "压缩包里的压缩包" in reasons["inner.zip"]
    assert "不支持的格式" in reasons["a.xyz"]
    assert sum("路径指向压缩包之外" in reason for reason in reasons.values()) == 4


def test_names_of_windows_archives_are_read(tmp_path: Path) -> None:
    data = made.zipped({"12345678.txt": REPORT.encode()}).replace(b"12345678.txt", "市北报告.txt".encode("gb18030"))
    (tmp_path / "a.zip").write_bytes(data)
    with opened_source(SourceFile(tmp_path / "a.zip", "a.zip")) as (sources, _):
        assert sources[0].base == "市北报告.txt"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "没有文字"),
        (b"%PDF-1.7", "内容是PDF"),
        (made.zipped({"a.txt": b"0" * 30_000_000}), "压缩炸弹"),
        (made.zipped({f"{i}.txt": b"" for i in range(5001)}), "超过上限 5,000"),
        (made.zipped({"a.txt": REPORT.encode()})[:-30], "已损坏"),
    ],
)
def test_bad_archives_are_skipped_as_a_whole(data: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    with opened_source(SourceFile(tmp_path / "a.zip", "a.zip")) as (sources, skipped):
        assert sources == []
        assert [why in one.reason for one in skipped] == [True]


# Size


def test_a_long_line_is_read_in_linear_time() -> None:
    def seconds(times: int) -> float:
        text = "2025年，全区新增就业4万人，同比增长5%，建成亿元楼宇24座。" * times
        start = time.perf_counter()
        page = f"<p>{text}</p>".encode()
        assert text in parse_document(page, "a.html").text
        assert len(parse_document(text.encode(), "a.txt").text) == len(text)
        return time.perf_counter() - start

    assert seconds(100_000) < 10  # 8 MB


def test_the_spans_of_a_report_count_characters_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(word())
    text = read_document(tmp_path / "a.docx").text
    report = read_report(text, file="a.docx", sha256="0" * 64, metadata={})
    for paragraph in report.paragraphs:
        assert "".join(text[start:end] for start, end in paragraph.spans) == paragraph.text
