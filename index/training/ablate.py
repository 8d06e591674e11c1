"""What each choice of the recipe is worth: one variant a row, each a short run that differs in one thing.

All runs have the same seed and the same few steps, so that rows are comparable with one another, not with the shipped
model. Variants without a run of their own change the table of a full run.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from index.embed.static import BLOCK
from index.embed.types import Vectors
from index.training.arrays import load
from index.training.evaluate import beir, held_out, news_in, score
from index.training.export import quantise
from index.training.pairs import SOURCES
from index.training.train import Sampler, Settings, load_checkpoint, new_state, update

SHORT = Settings(steps=1000)
MEASURES = (
    ("held_out", "recall@1"), ("held_out", "recall@10"), ("cmrc2018_dev", "recall@1"), ("cmrc2018_dev", "ndcg@10"),
    ("news_eng", "recall@1"), ("stard", "recall@10"),
)  # fmt: skip
REAL = ("cmrc", "drcd", "spoken", "statutes")
MADE = ("news_questions", "reworded", "cmrc_rest")
FOREIGN = ("english", "many_languages", "ntrex", "word_by_word", "dictionary")


@dataclass(frozen=True)
class Variant:
    """One row: what differs from the short run, or what is done to the table of a full run."""

    name: str
    settings: Settings = SHORT
    without: tuple[str, ...] = ()
    two_tables: bool = False  # queries and passages have vectors of their own
    afterwards: str = ""
    work: str = ""  # a folder beside the others, with its own tokenizer and pairs


VARIANTS = (
    Variant("the recipe, 1,000 steps"),
    Variant("500 steps", replace(SHORT, steps=500)),
    Variant("2,000 steps", replace(SHORT, steps=2000)),
    Variant("no hard negatives", replace(SHORT, hard=0.0)),
    Variant("hard negatives by the model itself", replace(SHORT, mined="model")),
    Variant("batches of 256", replace(SHORT, batch=256)),
    Variant("batches of 2,048", replace(SHORT, batch=2048)),
    Variant("learning rate 0.005", replace(SHORT, learning_rate=5e-3)),
    Variant("cosine × 10", replace(SHORT, scale=10.0)),
    Variant("cosine × 30", replace(SHORT, scale=30.0)),
    Variant("256 dimensions", replace(SHORT, dim=256)),
    Variant("Matryoshka: 128, 256 and 512", replace(SHORT, prefixes=(128, 256, 512))),
    Variant("Matryoshka, cut to 256", replace(SHORT, prefixes=(128, 256, 512)), afterwards="first 256"),
    Variant("queries and passages with tables of their own", two_tables=True),
    Variant("without real questions", without=REAL),
    Variant("without made questions", without=MADE),
    Variant("without reworded questions", without=("reworded",)),
    Variant("without spoken questions and cited statutes", without=("spoken", "statutes")),
    Variant("without other languages and the dictionary", without=FOREIGN),
    Variant("32,000 pieces", work="pieces-32000"),
    Variant("full run, float32", afterwards="float32"),
    Variant("full run, 32,000 pieces", afterwards="float32", work="pieces-32000"),
    Variant("full run, int8", afterwards="int8"),
    Variant("full run, signs only (binary)", afterwards="binary"),
    Variant("full run, cut to 256 by PCA", afterwards="pca 256"),
    Variant("full run, all pieces weighted alike", afterwards="unit rows"),
)


@dataclass(frozen=True)
class Bags:
    """An embedder over tables in memory: the mean of the vectors of a text's pieces, unit length."""

    tokenizer: Tokenizer
    queries: Vectors
    passages: Vectors
    fingerprint: str = field(default="in memory", init=False)

    @property
    def dim(self) -> int:
        return int(self.queries.shape[1])

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim)."""
        return self._embed(texts, self.queries)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim)."""
        return self._embed(texts, self.passages)

    def _embed(self, texts: Sequence[str], table: Vectors) -> Vectors:
        out = np.zeros((len(texts), table.shape[1]), np.float32)
        for start in range(0, len(texts), BLOCK):
            block = self.tokenizer.encode_batch_fast(list(texts[start : start + BLOCK]), add_special_tokens=False)
            for row, encoding in enumerate(block, start):
                if encoding.ids:
                    out[row] = table[encoding.ids].sum(axis=0)
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
        return out


def measure(variant: Variant, data: Path, work: Path) -> dict[str, float]:
    """Train a short run or take the full one's last checkpoint, change its table, and measure."""
    folder = work / variant.work
    if not (folder / "tokenizer.json").is_file():
        raise FileNotFoundError(f"{folder} holds no tokenizer; run the steps `tokenizer` to `train` there first.")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    pieces = tokenizer.get_vocab_size()
    table = checkpointed(folder) if variant.name.startswith("full run") else trained(variant, folder, pieces)
    sides = (table[:pieces], table[pieces:]) if variant.two_tables else (table, table)
    embedder = Bags(tokenizer, *(changed(side, variant.afterwards) for side in sides))
    train, bench = data / "train", data / "bench"
    tasks = (
        held_out(train), news_in("eng", train), beir("cmrc2018_dev", bench / "cmrc2018_dev"),
        beir("stard", bench / "stard"),
    )  # fmt: skip
    scores = {task.name: score(embedder, task) for task in tasks}
    return {f"{task} {name}": scores[task][name] for task, name in MEASURES}


def checkpointed(work: Path) -> Vectors:
    """The table (pieces, dim) of a full run."""
    saved = load_checkpoint(work)
    if saved is None:
        raise FileNotFoundError(f"{work} holds no checkpoint; run the step `train` there first.")
    return np.asarray(saved[0].weights.numpy(), np.float32)


def trained(variant: Variant, work: Path, pieces: int) -> Vectors:
    """The table of a short run."""
    sampler = _sampler(variant, work, pieces)
    state = new_state(pieces * (1 + variant.two_tables), variant.settings)
    while state.step < variant.settings.steps:
        update(state, sampler.batch(state.step)[1], variant.settings)
    return np.asarray(state.weights.numpy(), np.float32)


def _sampler(variant: Variant, work: Path, pieces: int) -> Sampler:
    kept = [source for source in SOURCES if source.name not in variant.without]
    pairs = {source.name: load(work / "pairs" / source.name, variant.settings.mined) for source in kept}
    return Sampler(
        pairs, variant.settings, shares={source.name: source.share for source in kept},
        dropout={source.name: source.dropout for source in kept}, pieces=pieces, two_tables=variant.two_tables,
    )  # fmt: skip


def changed(table: Vectors, how: str) -> Vectors:
    """The table after what a variant does to it."""
    if how == "int8":
        rows, scale = quantise(table)
        return np.asarray(rows.astype(np.float32) * scale[:, None], np.float32)
    if how == "binary":
        return np.asarray(np.sign(table) * np.linalg.norm(table, axis=1, keepdims=True), np.float32)
    if how == "unit rows":
        return np.asarray(table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9), np.float32)
    if how == "first 256":
        return table[:, :256]
    if how == "pca 256":
        _, _, axes = np.linalg.svd(table - table.mean(axis=0), full_matrices=False)
        return np.asarray(table @ axes[:256].T, np.float32)
    return table


def rows(data: Path, work: Path, only: str) -> Iterator[Mapping[str, object]]:
    """The rows still to be measured, as they are measured; a stopped run goes on."""
    path = work / "ablation.jsonl"
    known = {row["variant"] for row in read(path)}
    for variant in VARIANTS:
        if variant.name not in known and only in variant.name:
            row = {"variant": variant.name, **measure(variant, data, work), "of": asdict(variant)}
            with path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            yield row


def read(path: Path) -> list[dict[str, object]]:
    """The rows measured so far."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []


def table(found: Sequence[Mapping[str, object]]) -> str:
    """The rows as a Markdown table, in the order of VARIANTS."""
    place = {variant.name: number for number, variant in enumerate(VARIANTS)}
    names = [f"{task} {name}" for task, name in MEASURES]
    lines = [f"| variant | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for row in sorted(found, key=lambda row: place.get(str(row["variant"]), len(place))):
        lines.append(f"| {row['variant']} | {' | '.join(f'{row[name]:.3f}' for name in names)} |")
    return "\n".join(lines) + "\n"
