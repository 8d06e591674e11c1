"""Files to an index: the seeds, bad files, duplicates, metadata, and only what changed is embedded again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hashing import HashingEmbedder

from index.annotate.passages import indexed_text
from index.errors import IndexLocked, SourceError, StoreError
from index.readers import child
from index.readers.document import Document
from index.storage import ingest as reading
from index.storage.build import BuildReport, build
from index.storage.generation import FILES, locked
from index.storage.store import Store

SEEDS = Path(__file__).parents[1] / "seeds"
REPORT = "2025年市北区政府工作报告\n\n2025年，新增就业4万人。\n\n建成亿元楼宇24座。\n\n新建学校5所。\n"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder with two reports."""
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "a.txt").write_text(REPORT, encoding="utf-8")
    (folder / "b.txt").write_text(REPORT.replace("市北", "李沧").replace("学校", "医院"), encoding="utf-8")
    return folder


@pytest.fixture
def where(tmp_path: Path) -> Path:
    return tmp_path / "index"


def test_the_seeds_become_an_index_that_cites_their_files(where: Path) -> None:
    embedder = HashingEmbedder()
    steps: list[tuple[str, int, int]] = []
    done = build([SEEDS], where, embedder=embedder, progress=lambda *step: steps.append(step))
    opened = Store.open(where, embedder)
    assert [one.file for one in done.files] == sorted(f"seeds/{path.name}" for path in SEEDS.glob("*.txt"))
    assert done.skipped == ()
    assert (done.reused, done.embedded) == (0, len(opened.passages))
    assert {stage for stage, _, _ in steps} == {"read", "embed"}
    assert steps[-1][1] == steps[-1][2]
    assert json.loads(json.dumps(done.to_json()))["embedded"] == done.embedded
    for report, one in zip(opened.reports, done.files, strict=True):
        data = (SEEDS.parent / report.file).read_bytes()
        assert report.sha256 == hashlib.sha256(data).hexdigest()
        assert report.id == report.sha256[:12]
        assert (len(opened.blocks(report.id)), report.title) == (one.paragraphs, one.title)
        text = data.decode().replace("\r\n", "\n")
        for block in opened.blocks(report.id):
            assert all(text[start:end].strip() for start, end in block.spans)
    row = next(i for i, passage in enumerate(opened.passages) if "新增就业4.5万人" in passage.text)
    found = opened.search(indexed_text(opened.passages[row]), k=1)
    assert found[0].passage.text == opened.passages[row].text
    np.testing.assert_array_equal(
        opened.index.vectors[row], embedder.embed_queries([indexed_text(opened.passages[row])])[0]
    )


def test_building_twice_gives_the_same_files(where: Path, tmp_path: Path) -> None:
    first = build([SEEDS], where, embedder=HashingEmbedder())
    again = build([SEEDS], where, embedder=HashingEmbedder())
    other = build([SEEDS], tmp_path / "other", embedder=HashingEmbedder())
    assert (again.reused, again.embedded) == (first.embedded, 0)
    assert len({Path(one.generation).name.split("-")[1] for one in (first, again, other)}) == 1


def test_one_changed_file_embeds_only_its_changed_passages(sources: Path, where: Path) -> None:
    build([sources], where, embedder=HashingEmbedder())
    (sources / "a.txt").write_text(REPORT.replace("24座", "26座"), encoding="utf-8")
    embedder = HashingEmbedder()
    done = build([sources], where, embedder=embedder)
    (fresh_text,) = [text for text in embedder.embedded if "\n" in text]  # the others are the general sentences
    assert done.embedded == 1
    assert "亿元楼宇26座" in fresh_text
    opened = Store.open(where, embedder)
    assert done.reused == len(opened.passages) - 1
    fresh = embedder.embed_queries([indexed_text(passage) for passage in opened.passages])
    np.testing.assert_array_equal(opened.index.vectors, fresh)


def test_a_stopped_build_goes_on(sources: Path, where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after some batches, and in the middle of writing a row."""
    monkeypatch.setattr("index.search.hybrid.BATCH", 2)

    class Stopped(HashingEmbedder):
        def embed_passages(self, texts):  # type: ignore[no-untyped-def]
            if len(self.embedded) >= 4:
                raise KeyboardInterrupt
            return super().embed_passages(texts)

    with pytest.raises(KeyboardInterrupt):
        build([sources], where, embedder=Stopped())
    (left,) = where.glob(".halfway-*")
    left.write_bytes(left.read_bytes()[:-3])
    embedder = HashingEmbedder()
    done = build([sources], where, embedder=embedder)
    asked = [text for text in embedder.embedded if "\n" in text]
    assert len(asked) == done.embedded - 3
    assert not list(where.glob(".halfway-*"))
    opened = Store.open(where, embedder)
    whole = embedder.embed_queries([indexed_text(passage) for passage in opened.passages])
    np.testing.assert_array_equal(opened.index.vectors, whole)


def test_another_model_or_a_damaged_index_reuses_nothing(sources: Path, where: Path) -> None:
    first = build([sources], where, embedder=HashingEmbedder())
    assert build([sources], where, embedder=HashingEmbedder(fingerprint="hashing-2")).reused == 0
    last = build([sources], where, embedder=HashingEmbedder(dim=8))
    assert last.reused == 0
    (Path(last.generation) / FILES.vectors).write_bytes(b"")
    assert build([sources], where, embedder=HashingEmbedder(dim=8)).embedded == first.embedded


def test_bad_files_are_listed_and_the_rest_is_indexed(sources: Path, where: Path) -> None:
    (sources / "empty.txt").touch()
    (sources / "scan.txt").write_bytes(b"%PDF-1.7\n")
    (sources / "scan.pdf").write_bytes(b"%PDF-1.7\n")
    (sources / "gb.txt").write_bytes(REPORT.replace("市北", "崂山").encode("gb18030"))
    done = build([sources], where, embedder=HashingEmbedder())
    assert [Path(one.file).name for one in done.files] == ["a.txt", "b.txt", "gb.txt"]
    reasons = {Path(one.file).name: one.reason for one in done.skipped}
    assert reasons["empty.txt"] == "没有文字。"
    assert reasons["scan.txt"] == "内容是PDF，不是文本。"
    assert "已损坏" in reasons["scan.pdf"]
    opened = Store.open(where, HashingEmbedder())
    assert any("崂山" in block.text for block in opened.blocks(opened.reports[2].id))


def test_files_with_the_same_content_are_indexed_once_under_all_their_names(sources: Path, where: Path) -> None:
    shutil.copy(sources / "a.txt", sources / "copy.md")
    done = build([sources], where, embedder=HashingEmbedder())
    assert len(done.files) == 2
    assert done.files[0].aliases == ("sources/copy.md",)
    assert Store.open(where, HashingEmbedder()).reports[0].aliases == done.files[0].aliases


def test_the_sidecar_corrects_a_report(sources: Path, where: Path) -> None:
    rows = '{"file": "a.txt", "title": "旧报告", "year": 1999, "place": "莱西市", "genre": "政府工作报告"}\n'
    (sources / "reports.jsonl").write_text(rows, encoding="utf-8")
    done = build([sources], where, embedder=HashingEmbedder())
    assert (done.files[0].title, done.files[0].year, done.files[0].place) == ("旧报告", 1999, "莱西市")
    assert done.files[1].place == "李沧区"
    assert Store.open(where, HashingEmbedder()).reports[0].genre == "政府工作报告"


def test_when_nothing_can_be_built_the_old_index_stays(sources: Path, where: Path, tmp_path: Path) -> None:
    build([sources], where, embedder=HashingEmbedder())
    before = {path: path.read_bytes() for path in where.rglob("*") if path.is_file()}
    (tmp_path / "bad").mkdir()
    with pytest.raises(SourceError, match="没有可以索引的文件。"):
        build([tmp_path / "bad"], where, embedder=HashingEmbedder())
    (tmp_path / "bad" / "a.txt").touch()
    with pytest.raises(SourceError, match=r"跳过 1 个，如 .*a\.txt：没有文字"):
        build([tmp_path / "bad"], where, embedder=HashingEmbedder())
    with pytest.raises(SourceError, match="没有这个文件或文件夹"):
        build([sources, tmp_path / "nothing"], where, embedder=HashingEmbedder())
    assert {path: path.read_bytes() for path in where.rglob("*") if path.is_file()} == before


def test_a_build_beside_another_ends_before_it_embeds(sources: Path, where: Path) -> None:
    import threading

    embedder = HashingEmbedder()
    caught: list[IndexLocked] = []

    def second() -> None:
        with pytest.raises(IndexLocked, match="另一个进程") as info:
            build([sources], where, embedder=embedder)
        caught.append(info.value)

    with locked(where):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert caught
    assert embedder.embedded == []


def test_a_place_that_cannot_be_written_is_a_clean_failure(sources: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"写索引 .* 失败"):
        build([sources], tmp_path / "file", embedder=HashingEmbedder())


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read, as they are read."""
    names: list[str] = []
    really = reading.parse_document

    def counted(data: bytes, name: str) -> Document:
        names.append(Path(name).name)
        return really(data, name)

    monkeypatch.setattr(reading, "parse_document", counted)
    return names


def content_of(done: BuildReport) -> dict[str, bytes]:
    """The files of a generation."""
    return {path.name: path.read_bytes() for path in Path(done.generation).rglob("*") if path.is_file()}


def test_only_what_changed_is_read_again(sources: Path, where: Path, parsed: list[str], tmp_path: Path) -> None:
    html = "<h1>2025年崂山区政府工作报告</h1><p>新增就业3万人。</p>"
    (sources / "c.html").write_text(html, encoding="utf-8")
    first = build([sources], where, embedder=HashingEmbedder())
    assert parsed == ["a.txt", "b.txt", "c.html"]
    assert [one.status for one in first.files] == ["read"] * 3
    parsed.clear()
    again = build([sources], where, embedder=HashingEmbedder())
    assert parsed == []
    assert [one.status for one in again.files] == ["reused"] * 3
    assert content_of(again) == content_of(first)
    (sources / "c.html").write_text(html.replace("3万", "5万"), encoding="utf-8")
    changed = build([sources], where, embedder=HashingEmbedder())
    assert parsed == ["c.html"]
    assert [one.status for one in changed.files] == ["reused", "reused", "read"]
    fresh = build([sources], tmp_path / "fresh", embedder=HashingEmbedder())
    assert content_of(changed) == content_of(fresh)
    told = changed.to_json()
    assert [(Path(one["file"]).name, one["status"]) for one in told["files"]][-1] == ("c.html", "read")
    assert {"files", "skipped", "removed", "reused", "embedded"} <= set(told)


def test_another_model_embeds_all_and_reads_nothing_again(sources: Path, where: Path, parsed: list[str]) -> None:
    build([sources], where, embedder=HashingEmbedder())
    parsed.clear()
    done = build([sources], where, embedder=HashingEmbedder(dim=8))
    assert (parsed, done.reused) == ([], 0)
    assert Store.open(where, HashingEmbedder(dim=8)).index.vectors.shape[1] == 8


def test_new_metadata_a_new_name_and_a_new_reader_read_again(
    sources: Path, where: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    build([sources], where, embedder=HashingEmbedder())
    parsed.clear()
    (sources / "reports.jsonl").write_text('{"file": "a.txt", "year": 1999}\n', encoding="utf-8")
    assert build([sources], where, embedder=HashingEmbedder()).files[0].year == 1999
    (sources / "b.txt").rename(sources / "c.txt")
    renamed = build([sources], where, embedder=HashingEmbedder())
    assert parsed == ["a.txt", "c.txt"]
    assert renamed.removed == ("sources/b.txt",)
    parsed.clear()
    monkeypatch.setattr(reading, "reading_version", lambda: "another")
    build([sources], where, embedder=HashingEmbedder())
    assert parsed == ["a.txt", "c.txt"]


def test_a_removed_file_leaves_the_index_and_a_broken_one_is_skipped(sources: Path, where: Path) -> None:
    build([sources], where, embedder=HashingEmbedder())
    (sources / "b.txt").unlink()
    done = build([sources], where, embedder=HashingEmbedder())
    assert done.removed == ("sources/b.txt",)
    opened = Store.open(where, HashingEmbedder())
    assert [Path(report.file).name for report in opened.reports] == ["a.txt"]
    assert not any("李沧" in passage.header for passage in opened.passages)
    (sources / "b.txt").write_text(REPORT.replace("市北", "崂山"), encoding="utf-8")
    (sources / "a.txt").write_bytes(b"")
    broken = build([sources], where, embedder=HashingEmbedder())
    assert broken.removed == ()
    assert [(Path(one.file).name, one.reason) for one in broken.skipped] == [("a.txt", "没有文字。")]


def test_the_same_text_in_two_formats_is_one_report(sources: Path, where: Path, parsed: list[str]) -> None:
    page = "".join(f"<p>{line}</p>" for line in REPORT.split("\n") if line)
    (sources / "a.html").write_text(f"<body>{page}</body>", encoding="utf-8")
    done = build([sources], where, embedder=HashingEmbedder())
    assert [Path(one.file).name for one in done.files] == ["a.html", "b.txt"]
    assert done.files[0].aliases == ("sources/a.txt",)
    parsed.clear()
    assert build([sources], where, embedder=HashingEmbedder()).files[0].aliases == done.files[0].aliases
    assert parsed == []
    (sources / "a.html").unlink()  # the other name takes over, and its text has to be read
    alone = build([sources], where, embedder=HashingEmbedder())
    assert parsed == ["a.txt"]
    assert [Path(one.file).name for one in alone.files] == ["a.txt", "b.txt"]


def test_an_archive_is_read_member_by_member(sources: Path, where: Path, parsed: list[str]) -> None:
    with zipfile.ZipFile(sources / "z.zip", "w") as archive:
        archive.writestr("好/c.txt", REPORT.replace("市北", "崂山"))
        archive.writestr("copy.txt", REPORT)
        archive.writestr("empty.txt", "")
        archive.writestr("bad.docx", b"PK\x03\x04")
        archive.writestr("../out.txt", REPORT)
    done = build([sources], where, embedder=HashingEmbedder())
    here = "sources/z.zip"
    assert [one.file for one in done.files][2:] == [f"{here}/好/c.txt"]
    assert done.files[0].aliases == (f"{here}/copy.txt",)
    reasons = {one.file: one.reason for one in done.skipped}
    assert reasons == {
        f"{here}/../out.txt": "路径指向压缩包之外。",
        f"{here}/bad.docx": "压缩包已损坏或不完整。",
        f"{here}/empty.txt": "没有文字。",
    }
    parsed.clear()
    again = build([sources], where, embedder=HashingEmbedder())
    assert parsed == ["bad.docx", "empty.txt"]  # what failed is tried again
    assert [one.status for one in again.files] == ["reused"] * 3


def test_an_unreadable_file_is_skipped(sources: Path, where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = Path.read_bytes

    def denied(path: Path) -> bytes:
        if path.name == "a.txt":
            raise PermissionError(13, "Permission denied")
        return really(path)

    monkeypatch.setattr(Path, "read_bytes", denied)
    done = build([sources], where, embedder=HashingEmbedder())
    assert [Path(one.file).name for one in done.files] == ["b.txt"]
    assert "Permission denied" in done.skipped[0].reason


def test_one_odd_name_or_line_does_not_end_a_build(sources: Path, where: Path) -> None:
    (sources / os.fsdecode("旧报告.txt".encode("gb18030"))).write_text(REPORT, encoding="utf-8")
    rows = ['{"file": "a.txt", "year": 1999}', '{"file": "b.txt", "title": "\\ud800"}', '{"year": ' + "9" * 5000 + "}"]
    (sources / "reports.jsonl").write_text("\n".join(rows), encoding="utf-8")
    done = build([sources], where, embedder=HashingEmbedder())
    assert [(one.file, one.year) for one in done.files] == [("sources/a.txt", 1999), ("sources/b.txt", 2025)]
    assert [one.file.partition(" ")[2] for one in done.skipped] == ["", "第 2 行", "第 3 行"]
    assert "不是 UTF-8" in done.skipped[0].reason
    assert Store.open(where, HashingEmbedder()).reports[0].year == 1999
    json.dumps(done.to_json(), ensure_ascii=False).encode("utf-8")


def test_a_text_that_takes_too_much_is_skipped_and_the_rest_is_read(
    sources: Path, where: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text file is read in the same child as the other formats: its end is not the end of the build."""
    (sources / "a.txt").write_text(REPORT + "新增就业4万人、" * 200_000, encoding="utf-8")
    tight = {**child._KINDS, "report": (child._KINDS["report"][0], child.Limits(cpu=2))}
    monkeypatch.setattr(child, "_KINDS", tight)
    done = build([sources], where, embedder=HashingEmbedder())
    assert [one.file for one in done.files] == ["sources/b.txt"]
    assert [(one.file, one.reason) for one in done.skipped] == [("sources/a.txt", "读取所需时间或内存超过上限。")]


def test_progress_tells_how_far_a_long_file_is(sources: Path, where: Path) -> None:
    told: list[tuple[float, int]] = []
    build([sources], where, embedder=HashingEmbedder(), progress=lambda _, *far: told.append(far))
    read = [done for done, total in told if total == 2]
    assert read == sorted(read)
    assert {1 / 3, 2 / 3, 1.0, 2.0} <= {round(done, 6) if done % 1 == 0 else done for done in read}
