"""A small real index for tests, and the file operations that writing one takes. Imported by their child processes."""

from __future__ import annotations

import builtins
import io
import os
from pathlib import Path

from hashing import HashingEmbedder

from index.search.hybrid import HybridIndex
from index.storage.store import Content, publish
from index.types import Context, Fact, Paragraph, Passage, Report

EMBEDDER = HashingEmbedder()

# Every call that changes the disk goes through one of these, those of bm25s, numpy and shutil too.
OPERATIONS = [
    (os, "replace"), (os, "fsync"), (os, "open"), (os, "mkdir"), (os, "unlink"), (os, "rmdir"),
    (io, "open"), (builtins, "open"),
]  # fmt: skip


def content(*sentences: str) -> Content:
    """One report of one place and year, a paragraph and a passage a sentence."""
    context = Context("市北区", 2025, None, "target")
    one = Report("r1", "报告", "市北区", 2025, None, None, None, "a.txt", "0" * 64)
    paragraphs, passages = [], []
    for number, text in enumerate(sentences):
        paragraphs.append(
            Paragraph(f"p{number}", "r1", number, "item", None, text, ("一",), context, ((0, len(text)),))
        )
        passages.append(Passage(f"s{number}", f"p{number}", text, "2025年 市北区", 0, len(text), context))
    index = HybridIndex.build(list(sentences), EMBEDDER)
    first = sentences[0]
    fact = Fact("p0", context, first, first, "other", first[0], "", None, "", None, 0, 1, 0, len(first))
    return Content((one,), tuple(paragraphs), tuple(passages), index, (fact,))


def put(folder: Path, what: Content, fingerprint: str = EMBEDDER.fingerprint) -> Path:
    return publish(folder, what, embedder_name="hashing", fingerprint=fingerprint)
