"""Question sets: what is refused, and what the checker finds. The project's own set must be sound."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evals.dataset import SEED_QUESTIONS, Evidence, Question, check, digest, load, read_sources
from evals.matching import norm
from index.errors import InputError

SEEDS = Path(__file__).parent.parent / "seeds"
ROW = {
    "id": "a",
    "category": "fact",
    "question": "多少人？",
    "answerable": True,
    "answers": [["4万人"]],
    "evidence": [{"file": "r.txt", "snippet": "新增就业4万人"}],
    "evidence_mode": "any",
    "split": "train",
}
SOURCES = {"r.txt": norm("2025年，新增就业 ４万人。" + "某" * 1000 + "学位5000个。")}


def written(folder: Path, *rows: object) -> Path:
    path = folder / "questions.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def question(**changes: object) -> Question:
    base = Question("a", "fact", "多少人？", True, (), (("4万人",),), (Evidence("r.txt", "新增就业4万人"),), line=7)
    return replace(base, **changes)  # type: ignore[arg-type]


def test_the_projects_own_set_is_sound() -> None:
    questions = load(SEED_QUESTIONS)
    assert check(questions, read_sources(SEEDS)) == ()
    assert {q.split for q in questions} == {"train", "heldout"}
    assert len(questions) >= 240


def test_a_line_is_read_with_its_number(tmp_path: Path) -> None:
    path = written(tmp_path, ROW, {**ROW, "id": "b", "history": ["2024年呢？"], "forbidden": ["5万"]})
    first, second = load(path)
    assert (first.line, first.evidence) == (1, (Evidence("r.txt", "新增就业4万人"),))
    assert (second.line, second.history, second.forbidden) == (2, ("2024年呢？",), ("5万",))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["list"], "第2行不是一个问题"),
        ({**ROW, "id": "b", "answers": "4万人"}, "第2行不是一个问题：answers"),
        ({key: value for key, value in ROW.items() if key != "question"}, "第2行不是一个问题：question"),
        ({**ROW, "id": "b", "evidence_mode": "some"}, "第2行不是一个问题：evidence_mode"),
        (ROW, "编号 a 与第1行重复"),
    ],
)
def test_a_broken_line_is_refused_with_its_number(tmp_path: Path, row: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(written(tmp_path, ROW, row))


def test_a_missing_an_empty_and_a_foreign_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="读不了问题集"):
        load(tmp_path / "none.jsonl")
    (tmp_path / "gbk").write_bytes("问题".encode("gb18030"))
    with pytest.raises(InputError, match="读不了问题集"):
        load(tmp_path / "gbk")
    with pytest.raises(InputError, match="没有问题"):
        load(written(tmp_path))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"category": "riddle"}, "未知类别 riddle"),
        ({"question": " "}, "问题是空的"),
        ({"answers": (("",),)}, "answers 或 forbidden 里有空白"),
        ({"forbidden": ("　",)}, "answers 或 forbidden 里有空白"),
        ({"evidence": ()}, "能回答的问题没有证据"),
        ({"answerable": False}, "不能回答的问题却给了答案或证据"),
        ({"evidence": (Evidence("x.txt", "新增就业4万人"),)}, "没有文件 x.txt"),
        ({"evidence": (Evidence("r.txt", "新增就业5万人"),)}, "片段“新增就业5万人”不在 r.txt 里"),
        ({"evidence": (Evidence("r.txt", " "),)}, "片段“ ”不在 r.txt 里"),
        ({"answers": (("5万人", "5万"),)}, "数字 5万人/5万 不在证据片段附近"),
        ({"answers": (("5000个",),)}, "数字 5000个 不在证据片段附近"),
        ({"answers": (("4万人",), ("000个",))}, "数字 000个 不在证据片段附近"),
    ],
)
def test_the_checker_names_the_line_and_the_fault(changes: dict[str, object], why: str) -> None:
    (problem,) = check([question(**changes)], SOURCES)
    assert str(problem) == f"第7行 a：{why}"


def test_the_checker_folds_width_and_space_and_takes_any_alternative() -> None:
    folded = question(
        evidence=(Evidence("seeds/r.txt", "新增 就业４万人"),), answers=(("40000人", "４万人"), ("就业",))
    )
    assert check([folded], SOURCES) == ()


def test_the_digest_follows_content_and_not_layout() -> None:
    a, b = question(), question(id="b")
    assert digest([a, b]) == digest([replace(b, line=1), a])
    assert digest([a]) != digest([question(answers=(("4万",),))])
