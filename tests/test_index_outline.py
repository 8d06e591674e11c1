"""How a report is read: the five hand-made outlines, and what holds for any text."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.annotate.report import ReadReport, read_report
from index.parse.lines import chinese_number, numbering, split_lines
from index.parse.outline import outline
from index.text.clauses import clauses, sentences

ROOT = Path(__file__).parents[1]
SEEDS = {path.name[:3]: path for path in sorted((ROOT / "seeds").glob("*.txt"))}
METADATA = {
    row["file"][:3]: row for row in map(json.loads, (ROOT / "seeds/reports.jsonl").read_text("utf-8").splitlines())
}
AGREEMENT = 0.98  # of place, year, period and kind with the outlines made by hand

Block = Mapping[str, Any]


def gold_of(number: str) -> list[Block]:
    lines = (ROOT / f"tests/outlines/{number}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def read(number: str, metadata: Mapping[str, object]) -> ReadReport:
    data = SEEDS[number].read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return read_report(data.decode("utf-8"), file=SEEDS[number].name, sha256=digest, metadata=metadata)


def blocks_of(report: ReadReport) -> list[Block]:
    """The blocks in the form of the gold files."""
    where = {paragraph.id: i for i, paragraph in enumerate(report.paragraphs)}
    return [
        {
            "role": p.role,
            "level": p.level,
            "text": p.text,
            "section": list(p.section),
            "place": p.context.place,
            "year": p.context.year,
            "period": list(p.context.period) if p.context.period else None,
            "kind": p.context.kind,
            "duplicate_of": where[p.duplicate_of] if p.duplicate_of else None,
        }
        for p in report.paragraphs
    ]


def only(blocks: Sequence[Block], *names: str) -> list[Block]:
    return [{name: block[name] for name in names} for block in blocks]


def differences(gold: Sequence[Block], found: Sequence[Block]) -> str:
    """The blocks that differ, one a line; after the first block too many or too few all do."""
    lines = [
        f"{i}: {name} is {f[name]!r}, not {g[name]!r}, in {g['text'][:30]!r}"
        for i, (g, f) in enumerate(zip(gold, found, strict=False))
        for name in g
        if g[name] != f[name]
    ]
    return "\n".join([f"{len(found)} blocks, not {len(gold)}", *lines[:40]])


def f1(gold: Sequence[object], found: Sequence[object]) -> float:
    """Harmonic mean of precision and recall over two bags."""
    both = (Counter(gold) & Counter(found)).total()
    return 2 * both / (len(gold) + len(found))


@pytest.mark.parametrize("number", SEEDS)
def test_a_seed_is_read_as_a_person_reads_it(number: str) -> None:
    names = ("role", "level", "text", "section", "duplicate_of")
    gold, found = only(gold_of(number), *names), only(blocks_of(read(number, METADATA[number])), *names)
    assert found == gold, differences(gold, found)


@pytest.mark.parametrize("number", SEEDS)
def test_headings_and_boundaries_score_one(number: str) -> None:
    gold, found = gold_of(number), blocks_of(read(number, {}))

    def headings(blocks: Sequence[Block]) -> list[object]:
        return [(b["level"], b["text"]) for b in blocks if b["role"] == "heading"]

    def boundaries(blocks: Sequence[Block]) -> list[object]:
        """How many characters stand before each block."""
        ends = [0]
        for block in blocks:
            ends.append(ends[-1] + len(re.sub(r"\s", "", block["text"])))
        return list(ends)

    scores = {
        "heading F1": f1(headings(gold), headings(found)),
        "boundary F1": f1(boundaries(gold), boundaries(found)),
        "role F1": f1([(b["role"], b["text"]) for b in gold], [(b["role"], b["text"]) for b in found]),
    }
    assert scores == dict.fromkeys(scores, 1.0), f"{scores}\n{differences(gold, found)}"


@pytest.mark.parametrize("described", [True, False], ids=["with metadata", "without"])
@pytest.mark.parametrize("name", ["place", "year", "period", "kind"])
def test_contexts_agree_with_the_outlines(name: str, described: bool) -> None:
    """Over all five; furniture, which speaks of nothing, is left out."""
    wrong, total = [], 0
    for number in SEEDS:
        found = blocks_of(read(number, METADATA[number] if described else {}))
        for i, (g, f) in enumerate(zip(gold_of(number), found, strict=True)):
            if g["role"] != "furniture":
                total += 1
                if g[name] != f[name]:
                    wrong.append(f"{number} block {i}: {f[name]!r}, not {g[name]!r}, in {g['text'][:40]!r}")
    assert 1 - len(wrong) / total >= AGREEMENT, "\n".join(wrong)


def test_metadata_that_say_what_the_text_says_change_nothing() -> None:
    for number in SEEDS:
        with_it, without = read(number, METADATA[number]), read(number, {})
        assert [p.spans for p in with_it.paragraphs] == [p.spans for p in without.paragraphs]
        assert (with_it.report.place, with_it.report.year) == (METADATA[number]["place"], METADATA[number]["year"])


@pytest.mark.parametrize("number", SEEDS)
def test_spans_lead_back_to_the_file(number: str) -> None:
    text = SEEDS[number].read_text("utf-8")
    report = read(number, {})
    covered = Counter(i for p in report.paragraphs for a, b in p.spans for i in range(a, b))
    missed = [i for i, c in enumerate(text) if not c.isspace() and i not in covered]
    assert max(covered.values()) == 1
    assert {text[i] for i in missed} <= set("-#●■")
    assert all(p.text == "".join(text[a:b] for a, b in p.spans) for p in report.paragraphs)


# Lines of every kind that newspapers and web pages bring, whole and broken.
WORDS = (
    st.sampled_from(["市北区", "新增就业", "4.5万人", "2025年", "今年", "将", "力争", "建成", "亿元楼宇", "24座"])
    | st.sampled_from(["“十四五”时期", "主要工作安排", "崂山", "李沧区", "1,200", "10%", "以上", "source", "图为"])
    | st.sampled_from(["崔冬妮 摄", " ", "\u3000", *"，。；、：“”（）"])
    | st.sampled_from(["\u200b", "\u202e", "\xad", "\x07", "新\u200d增", "4\u2060.\ufeff5万\u202a人", "\U000e0041"])
)
MARKERS = (
    st.sampled_from(["- ", "# ", "## ", "###", "● ", "■", "-", "* ", "  - ", "\ufeff", "\u3000\u3000"])
    | st.sampled_from(["一、", "（一）", "(二)", "1.", "2、", "1 ", "①", "②", "第一章 ", "第597期"])
    | st.just("")
)
LINES = st.builds(lambda marker, words: marker + "".join(words), MARKERS, st.lists(WORDS, max_size=12))
TEXTS = st.lists(LINES, max_size=25).map("\n".join)
NOTHING = "\u200b\u200d\u2060\ufeff\u202a\u202e\xad\x07\U000e0041"  # shows nothing
BLANK = re.compile(rf"[\s{NOTHING}]")
MARKER = re.compile(
    rf"[\s{NOTHING}]*(?:(?:#[{NOTHING}]*){{1,6}}|[-*+](?=[{NOTHING}]*\s|[\s{NOTHING}]*$)|[•●◆▲★◎○■▪➢▶])"
)


def without_markers(text: str) -> set[int]:
    """Positions that must be in some block: all but blank ones and one leading list marker a line."""
    kept: set[int] = set()
    start = 0
    for line in text.split("\n"):
        found = MARKER.match(line)
        skipped = found.end() if found else 0
        kept.update(start + i for i, c in enumerate(line) if i >= skipped and not BLANK.match(c))
        start += len(line) + 1
    return kept


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_every_character_is_in_exactly_one_block(text: str) -> None:
    blocks = outline(text)
    inside = [i for b in blocks for a, z in b.spans for i in range(a, z) if not BLANK.match(text[i])]
    assert len(inside) == len(set(inside))
    assert set(inside) == without_markers(text)
    spans = [span for b in blocks for span in b.spans]
    assert all(list(b.spans) == sorted(b.spans) for b in blocks)
    starts = [b.spans[0] for b in blocks]  # furniture inside a paragraph comes behind it
    assert starts == sorted(starts)
    assert all(0 <= a < z <= len(text) for a, z in spans)
    assert all(b.text == "".join(text[a:z] for a, z in b.spans) for b in blocks)
    assert not any(c in NOTHING for b in blocks for c in b.text)


@settings(deadline=None, max_examples=100)
@given(TEXTS)
def test_what_shows_nothing_changes_no_outline(text: str) -> None:
    """A line of nothing else apart: without it, it is a blank one."""
    text = "\n".join(line for line in text.split("\n") if not line.strip() or line.strip(f" \u3000{NOTHING}"))
    clean = re.sub(f"[{NOTHING}]", "", text)
    assert [(b.role, b.level, b.text, b.section) for b in outline(text)] == [
        (b.role, b.level, b.text, b.section) for b in outline(clean)
    ]


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_sections_are_paths_of_earlier_headings(text: str) -> None:
    blocks = outline(text)
    for i, block in enumerate(blocks):
        assert list(block.section) == sorted(set(block.section))
        for depth, above in enumerate(block.section):
            assert above < i
            assert blocks[above].role == "heading"
            assert blocks[above].section == block.section[:depth]
        if block.role == "heading":
            assert block.level == len(block.section) + 1
        else:
            assert block.level is None


@settings(deadline=None, max_examples=150)
@given(TEXTS)
def test_passages_are_exact_slices_of_what_can_be_cited(text: str) -> None:
    found = read_report(text, file="a.txt", sha256="0" * 64, metadata={})
    paragraphs = {p.id: p for p in found.paragraphs}
    assert len(paragraphs) == len(found.paragraphs)
    assert len({p.id for p in found.passages}) == len(found.passages)
    end_of: dict[str, int] = {}
    for passage in found.passages:
        paragraph = paragraphs[passage.paragraph_id]
        assert paragraph.citable
        assert passage.text == paragraph.text[passage.start : passage.end]
        assert passage.start >= end_of.get(paragraph.id, 0)
        end_of[paragraph.id] = passage.end
    for paragraph in found.paragraphs:
        assert not (paragraph.context.year and paragraph.context.period)
        if paragraph.duplicate_of:
            assert paragraphs[paragraph.duplicate_of].duplicate_of is None
        elif paragraph.citable:  # nothing that could be searched for is left out
            said = "".join(p.text for p in found.passages if p.paragraph_id == paragraph.id)
            assert [c for c in said if c.isalnum()] == [c for c in paragraph.text if c.isalnum()]


@settings(deadline=None, max_examples=50)
@given(TEXTS)
def test_ids_come_from_the_content_alone(text: str) -> None:
    one, again = (read_report(text, file=name, sha256="0" * 64, metadata={}) for name in ("a.txt", "b.txt"))
    assert [p.id for p in one.paragraphs] == [p.id for p in again.paragraphs]
    other = read_report(text, file="a.txt", sha256="1" * 64, metadata={})
    assert {p.id for p in one.paragraphs}.isdisjoint(p.id for p in other.paragraphs)


@settings(deadline=None, max_examples=500)
@given(st.one_of(st.lists(WORDS).map("".join), st.text(max_size=200)))
def test_sentences_and_clauses_cover_a_text_without_overlap(text: str) -> None:
    for spans in (sentences(text), clauses(text)):
        assert [a for a, _ in spans] == [0, *(z for _, z in spans[:-1])][: len(spans)]
        assert all(a < z for a, z in spans)
        assert "".join(text[a:z] for a, z in spans) == text


def test_a_clause_keeps_what_cannot_stand_alone() -> None:
    def cut(text: str) -> list[str]:
        return [text[a:z] for a, z in clauses(text)]

    assert cut("一般公共预算收入完成90.7亿元，同比增长5.6%") == ["一般公共预算收入完成90.7亿元，同比增长5.6%"]
    assert cut("新增就业4.5万人，扶持创业7500余人。民生支出57.9亿元。") == [
        "新增就业4.5万人，",
        "扶持创业7500余人。",
        "民生支出57.9亿元。",
    ]
    assert cut("建成广场面积1,200平方米") == ["建成广场面积1,200平方米"]
    assert cut("成立“省级大型，综合服务中心”项目办公室") == ["成立“省级大型，综合服务中心”项目办公室"]


def roles(*lines: str) -> list[tuple[str, str]]:
    return [(b.role, b.text) for b in outline("\n".join(lines))]


def test_hard_wrapped_words_are_joined_and_whole_items_are_not() -> None:
    assert [text for _, text in roles("- 2万余件矛盾纠纷得到源头", "", "化解", "- 排查整治安全隐患6万余项")] == [
        "2万余件矛盾纠纷得到源头化解",
        "排查整治安全隐患6万余项",
    ]
    assert [text for _, text in roles("扶持创业5000人", "启用4处大型养老载体", "打造2处小区物业融合服务站点")] == [
        "扶持创业5000人",
        "启用4处大型养老载体",
        "打造2处小区物业融合服务站点",
    ]


def test_links_of_a_web_page_do_not_cut_its_paragraphs() -> None:
    plain = [f"第{n}项工作有序推进。群众得到实惠，服务更加便利。" for n in "一二三四五六七八九十"]
    cut = [
        "重点工程加快。全年新建",
        "高速铁路",
        "1900公里，投产里程增加。",
        "农村公路",
        "、管廊建设加快。新增用户550",
        "\u200b",
        "多万户。",
    ]
    texts = [text for _, text in roles(*(line for text in plain for line in (text, "")), *cut)]
    assert texts == [*plain, "".join(cut).replace("\u200b", "")]
    listed = ["新建学校五所以上，惠及家庭。", "- 市北区：两所", "- 李沧区：三所"]
    assert len(roles(*(line for text in plain for line in (text, "")), *listed)) == len(plain) + len(listed)


@pytest.mark.parametrize("opening", ["今年，", "去年，", "目前，", "其中，", "一年来，", "2025年，"])
def test_a_title_does_not_run_into_the_sentence_below_it(opening: str) -> None:
    sentence = f"{opening}新建学校五所以上，惠及周边家庭。"
    assert [text for _, text in roles("市北区政府工作报告", "", sentence)] == ["市北区政府工作报告", sentence]


def test_the_numbering_of_official_documents_nests() -> None:
    lines = ["一、过去五年工作回顾", "（一）经济发展", "1.工业", "全区工业增加值增长5%。全年新增企业20家。"]
    more = ["2.商业", "社会消费品零售总额增长6%。新增门店30家。", "（二）民生", "新增就业4万人。新增学位900个。"]
    more += ["二、工作安排", "新增就业5万人。新增学位800个。"]
    blocks = outline("\n".join([*lines, *more]))
    assert [(b.text, b.level) for b in blocks if b.role == "heading"] == [
        ("一、过去五年工作回顾", 1),
        ("（一）经济发展", 2),
        ("1.工业", 3),
        ("2.商业", 3),
        ("（二）民生", 2),
        ("二、工作安排", 1),
    ]
    assert [[blocks[i].text for i in b.section] for b in blocks if b.role == "paragraph"] == [
        ["一、过去五年工作回顾", "（一）经济发展", "1.工业"],
        ["一、过去五年工作回顾", "（一）经济发展", "2.商业"],
        ["一、过去五年工作回顾", "（二）民生"],
        ["二、工作安排"],
    ]


@given(st.integers(1, 99))
def test_numberings_below_a_hundred_are_read(number: int) -> None:
    digits = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    chinese = (digits[tens] if tens > 1 else "") + ("十" if tens else "") + (digits[ones] if ones else "")
    assert chinese_number(chinese) == chinese_number(str(number)) == number
    if number <= 20:
        assert chinese_number(chr(0x2460 + number - 1)) == number
    assert numbering(f"（{chinese}）推动改革") == ("（一）", number)


def test_what_is_no_numbering_is_refused() -> None:
    assert numbering("1.5万人") is None
    assert numbering("2025年工作") is None
    with pytest.raises(ValueError, match="not a numbering below a hundred"):
        chinese_number("甲")


def test_lines_know_their_place_marker_and_blanks() -> None:
    first, second = split_lines("\n\n  ■ 第一行 \n- (一)第二行")
    assert (first.text, first.marker, first.blank_before, first.spans) == ("第一行", "■", 2, ((6, 9),))
    assert (second.text, second.marker, second.style, second.number) == ("(一)第二行", "-", "（一）", 1)


LARGE = {
    "2,000 headings": "'\\n'.join(f'{i % 9 + 1}.第{i}号工程\\n今年投资{i}亿元，增长{i % 50}%。' for i in range(2000))",
    "2,000 nested headings": "'\\n'.join(f\"{'一、|（一）|1.|①'.split('|')[i % 4]}第{i}号工程\" for i in range(2000))",
    "one line of 500 KB": "'新增就业4万人，同比增长5%。' * 11000",
    "600 equal items": "'\\n'.join(['- 推动山姆会员商店进场装修'] * 600)",
    "100,000 open quotes": "'“新增就业四万人，' * 12500",
}


@pytest.mark.parametrize("made", LARGE.values(), ids=LARGE)
def test_a_large_text_comes_to_an_end(made: str) -> None:
    """In a child process, so that one that does not end is ended; far from any limit when time grows with length."""
    program = (
        f"from index.annotate.report import read_report\nread_report({made}, file='a', sha256='0' * 64, metadata={{}})"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=10)
