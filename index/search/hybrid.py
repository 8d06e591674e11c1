"""Dense and lexical search over rows of text, fused.

Row i is the i-th text, for the vectors and for BM25 alike. Both sides propose their best rows, within the mask; every
proposed row is then scored exactly by both, and `index.search.fusion` makes one score of the two.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from index.errors import EmbedderError
from index.search import fusion
from index.search.bm25 import Lexical, Tokens, tokenize
from index.search.fusion import Candidates, Mask, Rows, Scored, Vectors
from index.storage.generation import FILES

if TYPE_CHECKING:
    from index.embed.embedder import Embedder

Mode = Literal["hybrid", "dense", "lexical"]
DEPTH = 200  # rows each side proposes at least; rows further down either list do not reach the first 20
SCORINGS: Mapping[Mode, fusion.Scoring] = {"hybrid": fusion.fused, "dense": fusion.dense, "lexical": fusion.lexical}
BATCH = 256  # texts embedded at a time: the step of the progress bar

_reading = threading.Lock()  # FAISS keeps its size limit in a global


class HybridIndex:
    """Unit vectors in a flat FAISS index beside a BM25 index over the same rows."""

    def __init__(self, vectors: Any, lexical: Lexical) -> None:
        """`vectors`: a faiss.IndexFlatIP with as many rows as `lexical`; use `build` or `load`."""
        if vectors.ntotal != lexical.rows:
            raise ValueError(f"{vectors.ntotal} vectors for {lexical.rows} texts")
        self._vectors = vectors
        self._lexical = lexical

    @classmethod
    def build(
        cls,
        texts: Sequence[str],
        embedder: Embedder,
        *,
        known: Mapping[str, Vectors] | None = None,
        progress: Callable[[int, int], None] | None = None,
        tokens: Tokens = tokenize,
    ) -> HybridIndex:
        """Index `texts` (at least one). Texts in `known` take its vectors (dim,); each other text is embedded once.

        `progress(done, total)` counts embedded texts. Raises EmbedderError when a vector is not of unit length.
        """
        lexical = Lexical.build(texts, tokens)
        vectors = dict(known or {})
        new = [text for text in dict.fromkeys(texts) if text not in vectors]
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            vectors.update(zip(batch, checked(embedder.embed_passages(batch), (len(batch), embedder.dim)), strict=True))
            if progress:
                progress(start + len(batch), len(new))
        index = _faiss().IndexFlatIP(embedder.dim)
        index.add(checked(np.stack([vectors[text] for text in texts]), (len(texts), embedder.dim)))
        return cls(index, lexical)

    @property
    def rows(self) -> int:
        return self._lexical.rows

    @property
    def dim(self) -> int:
        return int(self._vectors.d)

    def frequency(self, word: str) -> int:
        """How many rows hold `word`; see `Lexical.frequency`."""
        return self._lexical.frequency(word)

    @property
    def vectors(self) -> Vectors:
        """A copy of all vectors, (rows, dim)."""
        vectors: Vectors = self._vectors.reconstruct_n(0, self.rows)
        return vectors

    def search(
        self, text: str, *, embedder: Embedder, k: int, mask: Mask | None = None, mode: Mode = "hybrid"
    ) -> list[Scored]:
        """The best `k` rows for `text`, best first, equal scores by row. See `search_many`."""
        return self.search_many([text], embedder=embedder, k=k, mask=mask, mode=mode)[0]

    def search_many(
        self, texts: Sequence[str], *, embedder: Embedder, k: int, mask: Mask | None = None, mode: Mode = "hybrid"
    ) -> list[list[Scored]]:
        """For each of `texts` its best `k` rows among those where `mask`, (rows,), is true.

        The hybrid and dense modes give `k` rows whenever the mask lets through as many; the lexical mode only rows
        that share a token with the text, and does not use the embedder.
        """
        if k < 1 or mode not in get_args(Mode):
            raise ValueError(f"k={k}, mode={mode!r}")
        found = self.candidates(texts, embedder=embedder, k=k, mask=mask, mode=mode)
        return [fusion.ranked(one, SCORINGS[mode])[:k] for one in found]

    def candidates(
        self, texts: Sequence[str], *, embedder: Embedder, k: int, mask: Mask | None = None, mode: Mode = "hybrid"
    ) -> Iterator[Candidates]:
        """For each of `texts` the rows that can be among its best `k`, not yet in order. See `search_many`."""
        if mask is not None and (mask.shape != (self.rows,) or mask.dtype != np.bool_):
            raise ValueError(f"the mask is {mask.dtype} {mask.shape}, not bool ({self.rows},)")
        depth = min(max(DEPTH, 2 * k), self.rows if mask is None else int(mask.sum()))
        near = np.empty((len(texts), 0), np.int64)
        queries = np.zeros((len(texts), self.dim), np.float32)
        if mode != "lexical" and texts and depth:
            queries = checked(embedder.embed_queries(list(texts)), queries.shape)
            near = self._nearest(queries, depth, mask)
        nothing = np.zeros(self.rows, np.float32)
        for text, query, proposed in zip(texts, queries, near, strict=True):
            bm25 = nothing if mode == "dense" else self._matching(text, mask)
            rows = np.union1d(proposed, _best(bm25, depth))
            best = float(bm25.max())
            yield Candidates(
                rows=rows,
                near=np.isin(rows, proposed),
                dense=self._cosines(query, rows),
                lexical=bm25[rows] / np.float32(best or 1),
                coverage=self._lexical.coverage(text, rows) if mode == "hybrid" else nothing[rows],
            )

    def _nearest(self, queries: Vectors, depth: int, mask: Mask | None) -> Rows:
        """The `depth` rows of highest inner product with each of `queries` (n, dim), in no exact order: (n, depth)."""
        selector = None if mask is None else _faiss().IDSelectorBitmap(np.packbits(mask, bitorder="little"))
        params = _faiss().SearchParameters(sel=selector) if selector else None
        _, rows = self._vectors.search(queries, depth, params=params)
        return np.asarray(rows, np.int64)

    def _matching(self, text: str, mask: Mask | None) -> Vectors:
        """BM25 of every row, (rows,), made 0 outside the mask."""
        scores = self._lexical.scores(text)
        return scores if mask is None else np.where(mask, scores, np.float32(0))

    def _cosines(self, query: Vectors, rows: Rows) -> Vectors:
        """Inner products of `query` (dim,) with the vectors of `rows`.

        Summed row by row: a matrix product, and so FAISS, may give equal vectors values that differ in the last
        digit, and with that another order for each batch size.
        """
        if not len(rows):
            return np.empty(0, np.float32)
        vectors: Vectors = self._vectors.reconstruct_batch(rows)
        cosines: Vectors = np.clip((vectors * query).sum(axis=1), np.float32(-1), np.float32(1))
        return cosines

    def save(self, folder: Path) -> None:
        """Write the index into `folder`; raises OSError when that fails."""
        with (folder / FILES.vectors).open("wb") as file:  # FAISS itself would report a full disk as RuntimeError
            _faiss().write_index(self._vectors, _faiss().PyCallbackIOWriter(file.write))
        self._lexical.save(folder / FILES.lexical)

    @classmethod
    def load(cls, folder: Path) -> HybridIndex:
        """Read what `save` wrote. Check the files' hashes first: FAISS loads most damaged files without a word."""
        path = folder / FILES.vectors
        with _reading:
            if hasattr(_faiss(), "set_deserialization_vector_byte_limit"):
                _faiss().set_deserialization_vector_byte_limit(path.stat().st_size)
            vectors = _faiss().read_index(str(path))
        if not isinstance(vectors, _faiss().IndexFlatIP):
            raise ValueError(f"{path} holds a {type(vectors).__name__}, not an IndexFlatIP")
        return cls(vectors, Lexical.load(folder / FILES.lexical))


def _faiss() -> Any:
    """The module, imported when first needed (0.25 s); its own type hints know little of its Python wrappers."""
    import faiss

    return faiss


def checked(vectors: Vectors, shape: tuple[int, int]) -> Vectors:
    """`vectors` when they are what an Embedder promises, unit float32 of `shape`; EmbedderError otherwise.

    A zero vector passes: it is all a model can say of a text without any known token.
    """
    remedy = "请换用其他模型，或用 wenju doctor 检查模型文件。"
    if vectors.shape != shape or vectors.dtype != np.float32:
        raise EmbedderError(f"模型给出 {vectors.dtype} {vectors.shape}，应为 float32 {shape}。", remedy)
    norms = np.linalg.norm(vectors, axis=1)
    if not np.all((np.abs(norms - 1) < 1e-3) | (norms == 0)):  # NaN fails both
        raise EmbedderError("模型给出的向量不是单位长度。", remedy)
    return vectors


def _best(scores: Vectors, depth: int) -> Rows:
    """The at most `depth` rows with the highest positive `scores`, best first, equal ones by row."""
    rows = np.flatnonzero(scores > 0)
    if len(rows) > depth:
        floor = np.partition(scores[rows], -depth)[-depth]
        rows = rows[scores[rows] >= floor]
    return rows[np.argsort(-scores[rows], kind="stable")][:depth]
