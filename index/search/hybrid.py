"""Dense and lexical search over rows of text, fused.

Row i is the i-th text, and part of a whole: a clause of a paragraph. Vectors do best with the rows, BM25 with the whole
texts, where the words of a question stand apart. Both sides propose their best rows, within the mask; every row is then
scored exactly by both, and `index.search.fusion` makes one score of the two.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from index.embed import calibration
from index.embed.calibration import Scale
from index.embed.pair import PairEmbedder, widths_of
from index.errors import EmbedderError
from index.search import fusion
from index.search.bm25 import Lexical, Tokens, Wholes, tokenize
from index.search.fusion import Candidates, Mask, Rows, Scored, Vectors
from index.storage.generation import FILES

if TYPE_CHECKING:
    from index.embed.embedder import Embedder

Mode = Literal["hybrid", "dense", "lexical"]
DEPTH = 200  # rows each side proposes at least; rows further down either list do not reach the first 20
SCORINGS: Mapping[Mode, fusion.Scoring] = {"hybrid": fusion.fused, "dense": fusion.dense, "lexical": fusion.lexical}
BATCH = 256  # texts embedded at a time: the step of the progress bar

_reading = threading.Lock()  # FAISS keeps its size limit in a global


class Meaning:
    """How the parts of the vectors become one calibrated value: 0 says nothing, 1 is as near as a question comes."""

    def __init__(self, scales: Sequence[Scale]) -> None:
        self.scales = tuple(scales)
        self.widths = tuple(scale.width for scale in scales)
        shares = fusion.part_shares(len(scales))
        each = [share / scale.spread for share, scale in zip(shares, scales, strict=True)]
        self.weights = np.repeat(np.array(each, np.float32), self.widths)  # of a question's vector, (dim,)
        self._starts = np.cumsum([0, *self.widths[:-1]])

    def calibrated(self, rows: Vectors, query: Vectors) -> Vectors:
        """What each part of `rows` (n, dim) says of `query` (dim,): (n, parts); 0 where it does not know the query."""
        nothing = np.array([scale.nothing for scale in self.scales], np.float32)
        spread = np.array([scale.spread for scale in self.scales], np.float32)
        known = np.add.reduceat(query * query, self._starts) > 0
        said: Vectors = (np.add.reduceat(rows * query, self._starts, axis=1) - nothing) / spread * known
        return said


class HybridIndex:
    """Unit vectors in a flat FAISS index beside BM25 over the same rows and over the wholes that they are parts of."""

    def __init__(self, vectors: Any, lexical: Lexical, wholes: Wholes, scales: Sequence[Scale]) -> None:
        """`vectors`: a faiss.IndexFlatIP with as many rows as `lexical`; `scales`: of each part of a vector. Use
        `build` or `load`."""
        if not vectors.ntotal == lexical.rows == len(wholes.of):
            raise ValueError(f"{vectors.ntotal} vectors and {len(wholes.of)} parts of wholes for {lexical.rows} texts")
        self._vectors, self._lexical, self._wholes = vectors, lexical, wholes
        self._meaning = Meaning(scales)

    @classmethod
    def build(
        cls,
        texts: Sequence[str],
        embedder: Embedder,
        *,
        wholes: Sequence[str] = (),
        of: Sequence[int] = (),
        known: Mapping[str, Vectors] | None = None,
        keep: Callable[[Sequence[str], Vectors], None] | None = None,
        progress: Callable[[int, int], None] | None = None,
        tokens: Tokens = tokenize,
    ) -> HybridIndex:
        """Index `texts` (at least one). Texts in `known` take its vectors (dim,); each other text is embedded once.

        Row i is part of ``wholes[of[i]]``; without `wholes` each is a whole.
        `keep(texts, rows)` gets what was embedded as it comes; `progress(done, total)` counts it. Raises EmbedderError
        when a vector is not of unit length.
        """
        lexical = Lexical.build(texts, tokens)
        parts = (
            Wholes(Lexical.build(wholes, tokens), np.array(of)) if wholes else Wholes(lexical, np.arange(len(texts)))
        )
        widths = widths_of(embedder)
        vectors = dict(known or {})
        new = [text for text in dict.fromkeys(texts) if text not in vectors]
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            rows = checked(embedder.embed_passages(batch), len(batch), widths)
            vectors.update(zip(batch, rows, strict=True))
            if keep:
                keep(batch, rows)
            if progress:
                progress(start + len(batch), len(new))
        index = _faiss().IndexFlatIP(embedder.dim)
        index.add(checked(np.stack([vectors[text] for text in texts]), len(texts), widths))
        return cls(index, lexical, parts, calibration.measured(embedder, texts, vectors))

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
        self,
        text: str,
        *,
        embedder: Embedder,
        k: int,
        mask: Mask | None = None,
        mode: Mode = "hybrid",
        sentence: str | None = None,
    ) -> list[Scored]:
        """The best `k` rows for `text`, best first, equal scores by row. See `search_many`."""
        sentences = None if sentence is None else [sentence]
        return self.search_many([text], embedder=embedder, k=k, mask=mask, mode=mode, sentences=sentences)[0]

    def search_many(
        self,
        texts: Sequence[str],
        *,
        embedder: Embedder,
        k: int,
        mask: Mask | None = None,
        mode: Mode = "hybrid",
        sentences: Sequence[str] | None = None,
    ) -> list[list[Scored]]:
        """For each of `texts` its best `k` rows among those where `mask`, (rows,), is true. Where a text is but the
        words of a question that count, `sentences` are the questions for a model that reads sentences.

        The hybrid and dense modes give `k` rows whenever the mask lets through as many; the lexical mode only rows
        that share a token with the text, and does not use the embedder.
        """
        if k < 1 or mode not in get_args(Mode):
            raise ValueError(f"k={k}, mode={mode!r}")
        found = self.candidates(texts, embedder=embedder, k=k, mask=mask, mode=mode, sentences=sentences)
        return [fusion.ranked(one, SCORINGS[mode])[:k] for one in found]

    def candidates(
        self,
        texts: Sequence[str],
        *,
        embedder: Embedder,
        k: int,
        mask: Mask | None = None,
        mode: Mode = "hybrid",
        sentences: Sequence[str] | None = None,
    ) -> Iterator[Candidates]:
        """For each of `texts` the rows that can be among its best `k`, not yet in order. See `search_many`."""
        if mask is not None and (mask.shape != (self.rows,) or mask.dtype != np.bool_):
            raise ValueError(f"the mask is {mask.dtype} {mask.shape}, not bool ({self.rows},)")
        depth = min(max(DEPTH, 2 * k), self.rows if mask is None else int(mask.sum()))
        near = np.empty((len(texts), 0), np.int64)
        queries = np.zeros((len(texts), self.dim), np.float32)
        if mode != "lexical" and texts and depth:
            queries = checked(_asked(embedder, texts, sentences or texts), len(texts), self._meaning.widths)
            near = self._nearest(queries * self._meaning.weights, depth, mask)
        for text, query, proposed in zip(texts, queries, near, strict=True):
            yield self._candidates(text, query, proposed, depth, mask, mode)

    def _candidates(
        self, text: str, query: Vectors, near: Rows, depth: int, mask: Mask | None, mode: Mode
    ) -> Candidates:
        """The rows `near` and those that share most words with a text, with what each side says of them."""
        if mode == "dense":
            none = np.zeros(len(near), np.float32)
            near = np.sort(near)
            return Candidates(near, np.ones(len(near), bool), self._parts(query, near), none, none, none)
        allowed = np.float32(1) if mask is None else mask.astype(np.float32)
        own, whole = self._lexical.scores(text) * allowed, self._wholes.scores(text) * allowed
        rows = np.union1d(near, _best(whole, depth))
        return Candidates(
            rows=rows,
            near=np.isin(rows, near),
            parts=self._parts(query, rows),
            lexical=_of_best(own)[rows],
            whole=_of_best(whole)[rows],
            coverage=self._wholes.coverage(text, rows),
        )

    def _nearest(self, queries: Vectors, depth: int, mask: Mask | None) -> Rows:
        """The `depth` rows of highest inner product with each of `queries` (n, dim), in no exact order: (n, depth)."""
        selector = None if mask is None else _faiss().IDSelectorBitmap(np.packbits(mask, bitorder="little"))
        params = _faiss().SearchParameters(sel=selector) if selector else None
        _, rows = self._vectors.search(queries, depth, params=params)
        return np.asarray(rows, np.int64)

    def _parts(self, query: Vectors, rows: Rows) -> Vectors:
        """What each part of the vectors of `rows` says of `query` (dim,), calibrated: (len(rows), parts).

        Summed row by row: a matrix product, and so FAISS, may give equal vectors values that differ in the last
        digit, and with that another order for each batch size.
        """
        if not len(rows):
            return np.empty((0, len(self._meaning.widths)), np.float32)
        return self._meaning.calibrated(self._vectors.reconstruct_batch(rows), query)

    def save(self, folder: Path) -> None:
        """Write the index into `folder`; raises OSError when that fails."""
        with (folder / FILES.vectors).open("wb") as file:  # FAISS itself would report a full disk as RuntimeError
            _faiss().write_index(self._vectors, _faiss().PyCallbackIOWriter(file.write))
        self._lexical.save(folder / FILES.lexical)
        self._wholes.save(folder / FILES.wholes)
        (folder / FILES.scales).write_text(json.dumps([asdict(scale) for scale in self._meaning.scales]), "utf-8")

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
        scales = [Scale(**scale) for scale in json.loads((folder / FILES.scales).read_text("utf-8"))]
        return cls(vectors, Lexical.load(folder / FILES.lexical), Wholes.load(folder / FILES.wholes), scales)


def _faiss() -> Any:
    """The module, imported when first needed (0.25 s); its own type hints know little of its Python wrappers."""
    import faiss

    return faiss


def _asked(embedder: Embedder, words: Sequence[str], sentences: Sequence[str]) -> Vectors:
    """The rows of questions, of which a pair of models reads both the words and the sentence."""
    if isinstance(embedder, PairEmbedder):
        return embedder.embed_questions(words, sentences)
    return embedder.embed_queries(list(words))


def checked(vectors: Vectors, count: int, widths: Sequence[int]) -> Vectors:
    """`vectors` when they are what an Embedder promises, `count` rows of float32; EmbedderError otherwise.

    A row is of unit length; or shorter where it has several parts and a model knows nothing of the text: zeros in all
    of one are all that it can say.
    """
    remedy = "请换用其他模型，或用 wenju doctor 检查模型文件。"
    shape = (count, sum(widths))
    if vectors.shape != shape or vectors.dtype != np.float32:
        raise EmbedderError(f"模型给出 {vectors.dtype} {vectors.shape}，应为 float32 {shape}。", remedy)
    starts = np.cumsum([0, *widths[:-1]])
    lengths = np.add.reduceat(vectors * vectors, starts, axis=1, dtype=np.float64)
    whole = np.abs(lengths.sum(axis=1) - 1) < 2e-3
    if not np.all(whole | (lengths == 0).any(axis=1) & (lengths.sum(axis=1) < 1)):  # NaN fails both
        raise EmbedderError("模型给出的向量不是单位长度。", remedy)
    return vectors


def _of_best(scores: Vectors) -> Vectors:
    """Scores divided by the highest, in [0, 1]."""
    best = scores.max(initial=0)
    return scores / best if best else scores


def _best(scores: Vectors, depth: int) -> Rows:
    """The at most `depth` rows with the highest positive `scores`, best first, equal ones by row."""
    rows = np.flatnonzero(scores > 0)
    if len(rows) > depth:
        floor = np.partition(scores[rows], -depth)[-depth]
        rows = rows[scores[rows] >= floor]
    return rows[np.argsort(-scores[rows], kind="stable")][:depth]
