"""A small shelf and a small pipeline with the shape of the real ones, for tests of the faces.

The pipeline answers by looking for the words after “问” in the paragraphs, so that a test chooses its evidence.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from index.errors import IndexDamaged
from index.types import Context, Coverage, Kind, Paragraph, Report, Role
from rag.explain import Constraint, Explanation, Found, Understood
from rag.retrieve.word_match import Match
from rag.types import Answer, Citation, Dropped, Row, Stage

SHIBEI_2025 = Context("市北区", 2025, None, "target")
LICANG_2025 = Context("李沧区", 2025, None, "target")


def block(
    report: str, ordinal: int, role: Role, text: str, section: tuple[str, ...] = (), context: Context = SHIBEI_2025
) -> Paragraph:
    spans = ((ordinal * 1000, ordinal * 1000 + len(text)),)
    return Paragraph(
        f"{report}-{ordinal}", report, ordinal, role, 1 if role == "heading" else None, text, section, context, spans
    )


def report(report_id: str, title: str, file: str) -> Report:
    return Report(report_id, title, "市北区", 2025, "报道", "青岛日报", None, file, "0" * 64)


@dataclass
class TinyStore:
    reports: Sequence[Report]
    shelf: dict[str, Sequence[Paragraph]]

    @property
    def paragraphs(self) -> Sequence[Paragraph]:
        return [block for blocks in self.shelf.values() for block in blocks]

    @property
    def coverage(self) -> Coverage:
        return Coverage(tuple(dict.fromkeys(block.context for block in self.paragraphs)))

    def blocks(self, report_id: str) -> Sequence[Paragraph]:
        return self.shelf[report_id]


@dataclass
class TinyPipeline:
    store: TinyStore
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)
    writer: str | None = None
    generation: str = "000001-tiny"

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        """“坏” breaks, “损” breaks as a damaged index does, “比较” gives a table; what is not found is refused."""
        self.asked.append((question, tuple(history)))
        if "坏" in question:
            raise RuntimeError("secret detail")
        if "损" in question:
            raise IndexDamaged("索引损坏。", "重新建立：wenju build")
        wanted = question.rpartition("问")[2].rstrip("？")
        found = [block for block in self.store.paragraphs if block.citable and wanted and wanted in block.text]
        if not found:
            return Answer(question, True, "现有资料没有写。", covered=("市北区2025年目标",), notes=("按2025年",))
        citations = tuple(self.cite(marker, block, wanted) for marker, block in enumerate(found, start=1))
        text = "".join(f"{citation.place}{citation.quote}。[{citation.marker}]" for citation in citations)
        answer = Answer(question, False, text, citations, confidence=0.9)
        return replace(answer, rows=self.rows(citations)) if "比较" in question else answer

    def stages(self, question: str, history: Sequence[str] = ()) -> Iterator[Stage | Answer]:
        """“慢” waits for a model until the test lets it go on."""
        yield "retrieve"
        answer = self.ask(question, history)
        if "慢" in question:
            yield "generate"
            assert self.go_on.wait(timeout=60)
            yield "verify"
        yield replace(answer, generation=self.generation)

    def explain(self, answer: Answer) -> Explanation:
        """All that the question and its evidence say is in it; the gate has dropped the question."""
        found = tuple(
            Found(
                c.paragraph_id, c.title, c.section, c.place, c.year, c.period, c.kind, c.quote, 1, 0.8, None, 0.0, 7.5,
                (Match(answer.question, c.quote, "clause", "form", 1.0), Match(answer.question)), (c.marker,),
            )
            for c in answer.citations
        )  # fmt: skip
        places = tuple(c.place or "" for c in answer.citations)
        read = Understood(
            places, (answer.question,), (2025,), None, "target", "number", "人", answer.question, None, ("years",)
        )
        only = (Constraint("places", "、".join(places), 3),)
        return Explanation(
            read, only, 45, f"只看：{answer.question}", found, len(found), 0.1 if answer.refused else 0.9, 0.4,
            "unsure" if answer.refused else "answered", "这样决定", (Dropped(answer.question, "与原文不符"),),
        )  # fmt: skip

    def cite(self, marker: int, block: Paragraph, quote: str) -> Citation:
        about = next(report for report in self.store.reports if report.id == block.report_id)
        start = block.text.index(quote)
        context = block.context
        return Citation(
            marker, block.id, about.id, about.title, block.section, context.place, context.year, context.period,
            context.kind, block.text, quote, start, start + len(quote), about.file, block.spans,
        )  # fmt: skip

    def rows(self, citations: Sequence[Citation]) -> tuple[Row, ...]:
        kind: Kind = "target"
        return tuple(Row(c.place or "", f"{c.year}年", kind, "4万人", c.quote, c.marker) for c in citations)


def tiny_pipeline() -> TinyPipeline:
    """Two reports: one with a joined line, a caption, a copy and a paragraph far down; one about another place."""
    first = ("市北 聚焦六大领域",)
    text = "新增就业4万人，𠮷市级创新平台20个。"
    joined = replace(block("r1", 3, "paragraph", text, first), spans=((30, 43), (45, 51)))
    filler = [block("r1", 10 + n, "item", f"第{n}件实事办理完成", first) for n in range(40)]
    copy = replace(block("r1", 4, "item", text, first), duplicate_of=joined.id)
    one = [
        block("r1", 0, "title", "从两会看2025"),
        block("r1", 1, "heading", "市北 聚焦六大领域"),
        block("r1", 2, "paragraph", "大会开幕。", first),
        joined, copy,
        block("r1", 5, "caption", "图为就业服务站", first),
        block("r1", 6, "furniture", "第597期", first),
        *filler,
        block("r1", 90, "paragraph", "全年引进项目125个。", first),
    ]  # fmt: skip
    two = [
        block("r2", 0, "title", "李沧报告"),
        block("r2", 1, "paragraph", "城镇新增就业2.2万人以上，新增就业有保障。", ("李沧 七个方面",), LICANG_2025),
    ]
    store = TinyStore(
        [report("r1", "从两会看2025", "a.txt"), report("r2", "李沧报告", "b.txt")], {"r1": one, "r2": two}
    )
    return TinyPipeline(store)
