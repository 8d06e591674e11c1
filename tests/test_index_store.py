"""The index on disk: whole after every fault, refused after every change, never another model's."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args

import numpy as np
import pytest
from hashing import HashingEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st
from small_index import EMBEDDER, OPERATIONS, content, put

from index.errors import IndexDamaged, IndexLocked, IndexMismatch, IndexMissing, StoreError
from index.search.hybrid import HybridIndex
from index.storage import generation, store
from index.storage.generation import FILES
from index.storage.records import paragraph, passage, read_records, report, write_records
from index.storage.store import Content, Store
from index.types import Context, Paragraph, Passage, Report

OLD = content("新增就业4万人", "楼宇24座")
NEW = content("新增就业4.5万人", "楼宇26座", "学校5所")
PATHS = [str(Path(__file__).parent), str(Path(__file__).parents[1])]  # where a child process finds our modules


def texts(folder: Path) -> list[str]:
    """What the index in `folder` holds, after checking that its search finds it."""
    opened = Store.open(folder, EMBEDDER)
    assert opened.search(opened.passages[0].text, k=1)[0].passage == opened.passages[0]
    return [one.text for one in opened.passages]


def held(what: Content) -> list[str]:
    return [one.text for one in what.passages]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index that holds OLD."""
    put(tmp_path / "index", OLD)
    return tmp_path / "index"


def test_an_opened_store_gives_back_what_was_published(folder: Path) -> None:
    opened = Store.open(folder, EMBEDDER)
    assert (opened.reports, opened.paragraphs, opened.passages) == (OLD.reports, OLD.paragraphs, OLD.passages)
    assert opened.report("r1") is opened.reports[0]
    assert opened.paragraph("p1").text == "楼宇24座"
    assert opened.blocks("r1") == OLD.paragraphs
    assert opened.passages_of("p1") == OLD.passages[1:]
    assert opened.coverage.contexts == (Context("市北区", 2025, None, "target"),)
    assert opened.manifest.counts == {"reports": 1, "paragraphs": 2, "passages": 2, "facts": 1}
    assert opened.manifest.embedder == "hashing"
    hits = opened.search("楼宇", k=5, mask=np.array([False, True]))
    assert [hit.passage.id for hit in hits] == ["s1"]
    for ask in (opened.report, opened.paragraph, opened.blocks, opened.passages_of):
        with pytest.raises(KeyError, match="nothing"):
            ask("nothing")


names = st.text(max_size=5)
years = st.none() | st.integers(1990, 2030)
contexts = st.builds(
    Context, st.none() | names, years, st.none() | st.tuples(st.integers(), st.integers()), st.just("other")
)
spans = st.lists(st.tuples(st.integers(0), st.integers(0)), max_size=3).map(tuple)
name_lists = st.lists(names, max_size=2).map(tuple)
roles = st.sampled_from(["title", "heading", "paragraph", "item", "table", "caption", "furniture"])


@given(
    st.builds(Report, year=years, aliases=name_lists),
    st.builds(Paragraph, role=roles, section=name_lists, context=contexts, spans=spans),
    st.builds(Passage, context=contexts),
)
def test_records_survive_being_written(a: Report, b: Paragraph, c: Passage) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "records.jsonl")
        for record, make in ((a, report), (b, paragraph), (c, passage)):
            write_records(path, [record, record])  # type: ignore[type-var]
            assert read_records(path, make) == (record, record)  # type: ignore[type-var]


# Faults


Fault = Literal["once", "forever", "after"]


@contextmanager
def failing(nth: int, how: Fault, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Make the nth file operation from now on end in “no space left”: `once`, `forever` from then on, or `after` it
    was done. Yields the list of the operations, filled as they come."""
    done: list[str] = []

    def wrapped(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*args: Any, **kwargs: Any) -> Any:
            done.append(f"{name} {args[0]}")
            if not (len(done) == nth or (how == "forever" and len(done) > nth > 0)):
                return call(*args, **kwargs)
            if how == "after":
                result = call(*args, **kwargs)
                if name == "open":
                    os.close(result) if isinstance(result, int) else result.close()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        return operation

    with monkeypatch.context() as patch:
        for module, name in OPERATIONS:
            patch.setattr(module, name, wrapped(name, getattr(module, name)))
        yield done


def operations_of_a_publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many file operations it takes to publish a third generation: the one that also deletes one."""
    twice_built(tmp_path / "counted")
    with failing(0, "once", monkeypatch) as done:
        put(tmp_path / "counted", NEW)
    assert len(done) > 40, "most operations go unseen"
    return len(done)


def twice_built(folder: Path) -> Path:
    put(folder, NEW)
    put(folder, OLD)
    return folder


@pytest.mark.parametrize("how", get_args(Fault))
def test_a_fault_at_any_file_operation_leaves_one_whole_generation(
    how: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = set()
    monkeypatch.setattr(os, "fsync", os.fstat)  # quick, and counted all the same: nobody cuts the power here
    prepared = twice_built(tmp_path / "prepared")
    for nth in range(1, operations_of_a_publish(tmp_path, monkeypatch) + 1):
        folder = shutil.copytree(prepared, tmp_path / str(nth))
        failure = None
        with failing(nth, how, monkeypatch) as done:
            try:
                put(folder, NEW)
            except StoreError as error:
                failure = error.what
        now = texts(folder)
        assert now in (held(OLD), held(NEW)), done[nth - 1]
        assert "No space left" in failure if failure else now == held(NEW), (
            f"a failure was swallowed at {done[nth - 1]}"
        )
        assert how == "forever" or not (folder / FILES.building).exists(), done[nth - 1]
        outcomes.add((failure is not None, now == held(NEW)))
        put(folder, NEW)
        assert texts(folder) == held(NEW), f"no build succeeds after a fault at {done[nth - 1]}"
        assert len(list(folder.glob("0*"))) == 2
    assert {(True, False), (False, True)} <= outcomes


KILLED = """
import os, sys
sys.path[:0] = {paths!r}
import small_index as t
from pathlib import Path
left = {nth}
def dying(call):
    def operation(*args, **kwargs):
        global left
        left -= 1
        if left == 0:
            os._exit(9)
        return call(*args, **kwargs)
    return operation
new = t.content("新增就业4.5万人", "楼宇26座", "学校5所")
for module, name in t.OPERATIONS:
    setattr(module, name, dying(getattr(module, name)))
t.put(Path({folder!r}), new)
"""


@pytest.mark.parametrize("share", [0.3, 0.8, 0.95])
def test_a_killed_build_leaves_one_whole_generation(
    share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = twice_built(tmp_path / "killed")
    nth = round(share * operations_of_a_publish(tmp_path, monkeypatch))
    code = KILLED.format(paths=PATHS, nth=nth, folder=str(folder))
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 9
    assert texts(folder) in (held(OLD), held(NEW))
    put(folder, NEW)
    assert texts(folder) == held(NEW)
    assert not (folder / FILES.building).exists()


FULL = """
import resource, sys
sys.path[:0] = {paths!r}
import small_index as t
from index.errors import StoreError
from pathlib import Path
big = t.content(*[f"第{{n}}项指标达到{{n}}万人" for n in range(200)])
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
try:
    t.put(Path({folder!r}), big)
except StoreError as error:
    print(error.what)
"""


@pytest.mark.parametrize("limit", [100, 13_000])
def test_a_disk_that_takes_no_more_bytes_leaves_the_old_generation(limit: int, folder: Path) -> None:
    code = FULL.format(paths=PATHS, limit=limit, folder=str(folder))
    assert "File too large" in subprocess.check_output([sys.executable, "-c", code], text=True, timeout=60)
    assert texts(folder) == held(OLD)
    assert not (folder / FILES.building).exists()


def test_a_folder_that_cannot_be_made_is_a_clean_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for where in (tmp_path / "file", tmp_path / "file" / "index"):
        with pytest.raises(StoreError, match=r"写索引 .* 失败"):
            put(where, OLD)


LOCKING = """
import sys
sys.path[:0] = {paths!r}
from pathlib import Path
from index.storage.generation import locked
with locked(Path({folder!r})):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_builder_is_told_at_once(folder: Path) -> None:
    code = LOCKING.format(paths=PATHS, folder=str(folder))
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(IndexLocked, match="另一个进程正在写索引"):
            put(folder, NEW)
        assert texts(folder) == held(OLD)  # readers are not kept out
        other.communicate()
    put(folder, NEW)
    assert texts(folder) == held(NEW)


def test_only_the_current_generation_and_the_one_before_it_are_kept(folder: Path) -> None:
    made = [put(folder, what).name for what in (NEW, OLD, NEW)]
    assert sorted(path.name for path in folder.glob("0*")) == made[1:]
    assert (folder / FILES.current).read_text() == made[-1] + "\n"


def test_a_reader_overtaken_by_two_builds_gets_the_newest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = generation.verified
    builds = [NEW, NEW]

    def overtaken(folder: Path, name: str) -> generation.Manifest:
        manifest = whole(folder, name)
        while builds:
            put(folder, builds.pop())
        return manifest

    monkeypatch.setattr(generation, "verified", overtaken)
    assert texts(folder) == held(NEW)


# Corruption


def damaged(data: bytes) -> dict[str, bytes]:
    middle = len(data) // 2
    return {
        "flipped": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
        "truncated": data[:-1],
        "emptied": b"",
        "appended": data + b"\n",
    }


def test_every_change_to_every_file_is_detected(folder: Path) -> None:
    put(folder, NEW)
    (current,) = [path for path in folder.iterdir() if path.name == generation.current_name(folder)]
    files = sorted(path for path in current.rglob("*") if path.is_file())
    assert len(files) == 18
    for path, other in zip(files, [*files[1:], files[0]], strict=True):
        data = path.read_bytes()
        for how, change in {**damaged(data), "swapped": other.read_bytes()}.items():
            path.write_bytes(change)
            with pytest.raises(IndexDamaged, match=path.name):
                pytest.fail(f"{path.name} {how}: {texts(folder)}")
        path.unlink()
        with pytest.raises(IndexDamaged, match=f"{path.name} 读不出来"):
            Store.open(folder, EMBEDDER)
        path.write_bytes(data)
    assert texts(folder) == held(NEW)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_flipped_bit_anywhere_is_detected(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "flipped"
    if not folder.exists():
        put(folder, OLD)
    files = sorted(path for path in folder.glob("0*/**/*") if path.is_file())
    path = data.draw(st.sampled_from(files))
    whole = path.read_bytes()
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    path.write_bytes(whole[: bit // 8] + bytes([whole[bit // 8] ^ 1 << bit % 8]) + whole[bit // 8 + 1 :])
    with pytest.raises(IndexDamaged, match="校验和不符"):
        Store.open(folder, EMBEDDER)
    path.write_bytes(whole)


@pytest.mark.parametrize("name", ["", "..", "000001", "000009-0123456789abcdef", "\xff", "/etc\n"])
def test_a_damaged_pointer_is_detected(name: str, folder: Path) -> None:
    (folder / FILES.current).write_bytes(name.encode("latin-1"))
    with pytest.raises(IndexDamaged, match=r"损坏|读不出来"):
        Store.open(folder, EMBEDDER)


def test_the_pointer_cannot_lead_out_of_the_folder(folder: Path, tmp_path: Path) -> None:
    name = put(tmp_path / "other", NEW).name
    (folder / FILES.current).write_text(f"../other/{name}\n", encoding="ascii")
    with pytest.raises(IndexDamaged, match="CURRENT 已损坏"):
        Store.open(folder, EMBEDDER)


def test_nothing_there_says_which_command_builds_it(tmp_path: Path) -> None:
    (tmp_path / "my index").mkdir()
    for where in (tmp_path / "nothing", tmp_path / "my index"):
        with pytest.raises(IndexMissing, match="没有索引") as caught:
            Store.open(where, EMBEDDER)
        assert "wenju build --index " in caught.value.remedy
    assert f"--index '{tmp_path}/my index' " in caught.value.remedy


# Mismatch


@pytest.mark.parametrize(
    "other", [HashingEmbedder(fingerprint="hashing-2"), HashingEmbedder(dim=8)], ids=["fingerprint", "dimension"]
)
def test_another_model_is_refused(other: HashingEmbedder, folder: Path) -> None:
    with pytest.raises(IndexMismatch, match="hashing-1，16 维") as caught:
        Store.open(folder, other)
    assert f"wenju build --index {folder}" in caught.value.remedy


def test_a_manifest_with_another_dimension_than_the_vectors_is_refused(folder: Path) -> None:
    other = HashingEmbedder(dim=8)
    wrong = HybridIndex.build(["甲", "乙"], other)
    put(folder, Content(OLD.reports, OLD.paragraphs, OLD.passages, wrong))
    with pytest.raises(IndexMismatch, match="8 维"):
        Store.open(folder, EMBEDDER)


@pytest.mark.parametrize("step", [-1, 1])
def test_another_format_is_refused(step: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "FORMAT", generation.FORMAT + step)
    put(folder, NEW)
    with pytest.raises(IndexMismatch, match=f"索引格式是 {generation.FORMAT + step}"):
        Store.open(folder, EMBEDDER)


def test_content_that_would_be_cited_wrongly_cannot_be_made() -> None:
    one, two = OLD.passages
    for passages, why in (
        ((one,), "2 indexed rows for 1"),
        ((one, Passage(**{**_fields(two), "start": 1})), "s1 is not"),
    ):
        with pytest.raises(ValueError, match=why):
            Content(OLD.reports, OLD.paragraphs, passages, OLD.index)
    with pytest.raises(ValueError, match="same id"):
        Content(OLD.reports * 2, OLD.paragraphs, OLD.passages, OLD.index)
    with pytest.raises(ValueError, match="belongs to no report"):
        Content((), OLD.paragraphs, OLD.passages, OLD.index)


def _fields(record: Passage) -> dict[str, Any]:
    return {name: getattr(record, name) for name in Passage.__slots__}


def test_no_file_of_an_index_is_a_pickle(folder: Path) -> None:
    for path in (path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        assert not (data[:1] == b"\x80" and data[1:2] <= b"\x05"), path
        if path.suffix == ".npy":
            assert np.load(path, allow_pickle=False).dtype != object
