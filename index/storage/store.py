"""A built index, opened: its reports, paragraphs and passages, and the search over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from index.errors import IndexDamaged, IndexMismatch
from index.search.filter import NEAR, Subject
from index.search.fusion import Mask
from index.search.hybrid import HybridIndex, Mode
from index.storage import generation, records
from index.storage.generation import FILES, FORMAT, Manifest
from index.types import Context, Coverage, Fact, Hit, Paragraph, Passage, Report

if TYPE_CHECKING:
    from index.embed.embedder import Embedder
    from index.embed.options import ModelOptions

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that is searched: row i of `index` is passage i.

    Paragraphs are all blocks of all reports, those of one report together and in reading order.
    """

    reports: tuple[Report, ...]
    paragraphs: tuple[Paragraph, ...]
    passages: tuple[Passage, ...]
    index: HybridIndex
    facts: tuple[Fact, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError when a passage is not where it says it is: it would be cited wrongly."""
        if self.index.rows != len(self.passages):
            raise ValueError(f"{self.index.rows} indexed rows for {len(self.passages)} passages")
        texts = {paragraph.id: paragraph.text for paragraph in self.paragraphs}
        if len(texts) != len(self.paragraphs) or len({report.id for report in self.reports}) != len(self.reports):
            raise ValueError("two paragraphs or two reports have the same id")
        if not {paragraph.report_id for paragraph in self.paragraphs} <= {report.id for report in self.reports}:
            raise ValueError("a paragraph belongs to no report")
        for passage in self.passages:
            if texts.get(passage.paragraph_id, "")[passage.start : passage.end] != passage.text:
                raise ValueError(f"passage {passage.id} is not in paragraph {passage.paragraph_id}")
        for fact in self.facts:
            if fact.value not in texts.get(fact.paragraph_id, "")[fact.start : fact.end]:
                raise ValueError(f"the figure {fact.value} is not in paragraph {fact.paragraph_id}")


def publish(
    folder: Path,
    content: Content,
    *,
    embedder_name: str,
    fingerprint: str,
    options: ModelOptions | None = None,
    also: Callable[[Path], None] | None = None,
) -> Path:
    """Make `content` the current generation of the index `folder`; returns the generation's path.

    `embedder_name` and `options` are what `load_embedder` takes to load the model again. `also` writes further files
    into the generation, which are checked like all others.

    Raises IndexLocked, or StoreError when writing fails; either way the index that was there stays.
    """

    def write(path: Path) -> None:
        records.write_records(path / FILES.reports, content.reports)
        records.write_records(path / FILES.paragraphs, content.paragraphs)
        records.write_records(path / FILES.passages, content.passages)
        records.write_records(path / FILES.facts, content.facts)
        content.index.save(path)
        if also:
            also(path)

    def describe(files: Mapping[str, str]) -> Manifest:
        return Manifest(
            format=FORMAT,
            created_by=_created_by(),
            embedder=embedder_name,
            fingerprint=fingerprint,
            dim=content.index.dim,
            counts={
                "reports": len(content.reports),
                "paragraphs": len(content.paragraphs),
                "passages": len(content.passages),
                "facts": len(content.facts),
            },
            files=files,
            options=options.to_json() if options else {},
        )

    return generation.publish(folder, write, describe)


def _created_by() -> str:
    try:
        return f"wenju {version('wenju')}"
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "wenju"


class Store:
    """An opened index. It never changes; open the folder again to see a newer generation."""

    def __init__(self, content: Content, *, manifest: Manifest, embedder: Embedder, generation: str = "") -> None:
        """`embedder` must be the one whose vectors `content` holds; `open` checks it. `generation` is the name of the
        generation's folder, empty for an index that lies in none."""
        self.reports = content.reports
        self.paragraphs = content.paragraphs
        self.passages = content.passages
        self.facts = content.facts
        self.index = content.index
        self.manifest = manifest
        self.generation = generation
        self.embedder = embedder
        self.coverage = Coverage(tuple(sorted({passage.context for passage in self.passages}, key=_order)))
        self._reports = {report.id: report for report in self.reports}
        self._paragraphs = {paragraph.id: paragraph for paragraph in self.paragraphs}
        self._blocks = _grouped(self._reports, ((block.report_id, block) for block in self.paragraphs))
        self._passages = _grouped(self._paragraphs, ((passage.paragraph_id, passage) for passage in self.passages))

    @classmethod
    def open(cls, folder: str | Path, embedder: Embedder | None = None) -> Store:
        """Open the current generation of the index `folder`; with no `embedder`, the model it was built with is loaded.

        Raises IndexMissing, IndexDamaged, IndexMismatch (another model, dimension or format) or EmbedderError.
        """
        folder = Path(folder)
        name = generation.current_name(folder)
        while True:
            try:
                return cls._open(folder, name, embedder)
            except (IndexDamaged, FileNotFoundError):
                # Two builds in a row may have removed the generation while it was being read.
                name, before = generation.current_name(folder), name
                if name == before:
                    raise

    @classmethod
    def _open(cls, folder: Path, name: str, embedder: Embedder | None) -> Store:
        manifest = generation.verified(folder, name)
        if embedder is None:
            from index.embed.embedder import load_embedder
            from index.embed.options import ModelOptions

            embedder = load_embedder(manifest.embedder, ModelOptions(**manifest.options))
        if (embedder.fingerprint, embedder.dim) != (manifest.fingerprint, manifest.dim):
            raise IndexMismatch(
                f"索引是用模型 {manifest.embedder}（{manifest.fingerprint}，{manifest.dim} 维）建立的，"
                f"现在的模型是 {embedder.fingerprint}，{embedder.dim} 维。",
                generation.rebuild(folder),
            )
        path = folder / name
        content = Content(
            reports=records.read_records(path / FILES.reports, records.report),
            paragraphs=records.read_records(path / FILES.paragraphs, records.paragraph),
            passages=records.read_records(path / FILES.passages, records.passage),
            index=HybridIndex.load(path),
            facts=records.read_records(path / FILES.facts, records.fact),
        )
        if content.index.dim != manifest.dim:
            raise IndexDamaged(
                f"索引的向量是 {content.index.dim} 维，不是 {manifest.dim} 维。", generation.rebuild(folder)
            )
        return cls(content, manifest=manifest, embedder=embedder, generation=name)

    def report(self, report_id: str) -> Report:
        """The report with this id; KeyError when there is none."""
        return self._reports[report_id]

    def paragraph(self, paragraph_id: str) -> Paragraph:
        """The paragraph with this id; KeyError when there is none."""
        return self._paragraphs[paragraph_id]

    def blocks(self, report_id: str) -> tuple[Paragraph, ...]:
        """All blocks of a report in reading order; KeyError when there is no such report."""
        return self._blocks[report_id]

    def passages_of(self, paragraph_id: str) -> tuple[Passage, ...]:
        """The passages of a paragraph in order, none if it is not searched; KeyError when there is no such one."""
        return self._passages[paragraph_id]

    def subject(self, what: Passage | Paragraph) -> Subject:
        """What a filter is asked about a passage or a block."""
        paragraph = self._paragraphs[what.paragraph_id] if isinstance(what, Passage) else what
        end = what.end if isinstance(what, Passage) else len(what.text)
        return self.subject_at(paragraph, what.context, what.start if isinstance(what, Passage) else 0, end)

    def subject_at(self, paragraph: Paragraph, context: Context, start: int, end: int) -> Subject:
        """The same of ``paragraph.text[start:end]``, of which `context` is known."""
        opening = max(start - NEAR, paragraph.text.rfind("。", 0, start) + 1, 0)
        return Subject(context, self._reports[paragraph.report_id].year, paragraph.text[opening:end])

    def search(
        self, text: str, *, k: int = 20, mask: Mask | None = None, mode: Mode = "hybrid", sentence: str | None = None
    ) -> list[Hit]:
        """The best `k` passages for `text`, best first, among those whose place in `mask`, (passages,), is true.
        `sentence` is the question where `text` is but its words; see `HybridIndex.search_many`."""
        return [
            Hit(
                passage=self.passages[scored.row],
                score=scored.score,
                dense=scored.dense,
                lexical=scored.lexical,
                dense_rank=scored.dense_rank,
                lexical_rank=scored.lexical_rank,
            )
            for scored in self.index.search(text, embedder=self.embedder, k=k, mask=mask, mode=mode, sentence=sentence)
        ]


def _order(context: Context) -> tuple[str, int, tuple[int, int], str]:
    return context.place or "", context.year or 0, context.period or (0, 0), context.kind


def _grouped(keys: Iterable[str], pairs: Iterable[tuple[str, T]]) -> dict[str, tuple[T, ...]]:
    """For each of `keys` its values in the order of `pairs`."""
    groups: dict[str, list[T]] = {key: [] for key in keys}
    for key, value in pairs:
        groups[key].append(value)
    return {key: tuple(values) for key, values in groups.items()}
