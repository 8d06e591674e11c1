"""What each step from multilingual-e5-small to the encoder that ships gave or took: the table of its card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np

from index.embed.e5 import PROMPTS
from index.embed.encoder import EncoderEmbedder
from index.embed.graph import layers_of
from index.embed.pretrained import Pretrained, tokenizer_of
from index.embed.types import Embedder, Vectors
from index.training import encoder as trained
from index.training.evaluate import Task, beir, held_out, news_in, score

QUESTIONS, DOCUMENTS = 300, 3_000  # of the small set of statutes
MEASURES = (
    ("held_out", "recall@1"), ("news_eng", "recall@1"), ("stard_small", "recall@10"), ("stard_small", "ndcg@10"),
)  # fmt: skip


@dataclass(frozen=True)
class InTorch:
    """An encoder in float32, as it was trained."""

    encoder: Pretrained
    fingerprint: str = "in torch"

    @property
    def dim(self) -> int:
        return int(self.encoder.tensors["embeddings.position_embeddings.weight"].shape[1])

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim)."""
        return self._embed(PROMPTS["query"], texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim)."""
        return self._embed(PROMPTS["passage"], texts)

    def _embed(self, prompt: str, texts: Sequence[str]) -> Vectors:
        import torch

        model, tokenizer = trained.bert(self.encoder), tokenizer_of(self.encoder.pieces)
        tokenizer.enable_truncation(512)
        pieces = [encoding.ids for encoding in tokenizer.encode_batch_fast([prompt + text for text in texts])]
        with torch.no_grad():
            rows = trained.vectors(model, pieces, "cpu").numpy()
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def sets(data: Path) -> Iterator[Task]:
    """Questions over encyclopedia passages, English over Chinese news, and lay questions over some statutes."""
    yield held_out(data / "train")
    yield news_in("eng", data / "train")
    yield small(beir("stard_small", data / "bench" / "stard"))


def small(task: Task) -> Task:
    """QUESTIONS of a task over DOCUMENTS of its documents, those that answer among them."""
    rng = Random(0)
    asked = sorted(rng.sample(range(len(task.questions)), min(QUESTIONS, len(task.questions))))
    wanted = sorted(set().union(*(task.relevant[i] for i in asked)))
    others = sorted(set(range(len(task.documents))) - set(wanted))
    kept = [*wanted, *rng.sample(others, min(len(others), max(0, DOCUMENTS - len(wanted))))]
    place = {number: i for i, number in enumerate(kept)}
    return Task(
        task.name, [task.documents[number] for number in kept], [task.questions[i] for i in asked],
        [frozenset(place[number] for number in task.relevant[i]) for i in asked],
    )  # fmt: skip


def first_layers(encoder: Pretrained, count: int) -> Pretrained:
    """The encoder without its last layers."""
    dropped = tuple(f"encoder.layer.{i}." for i in range(count, layers_of(encoder.tensors)))
    kept = {name: value for name, value in encoder.tensors.items() if not name.startswith(dropped)}
    return replace(encoder, tensors=kept)


def in_int8(encoder: Pretrained, folder: str) -> Embedder:
    """The encoder as it ships."""
    trained.export(encoder, Path(folder), {})
    return EncoderEmbedder.open(Path(folder))


def steps(
    whole: Pretrained, cut: Pretrained, after: Pretrained, shares: Sequence[float]
) -> Iterator[tuple[str, Callable[[str], Embedder]]]:
    """Every step with its name, and what makes its embedder in a folder."""

    def mixed(share: float) -> Pretrained:
        return replace(cut, tensors=trained.mixed(cut.tensors, after.tensors, share))

    yield f"E5, {len(whole.pieces):,} pieces, float32", lambda _: InTorch(whole)
    yield f"cut to {len(cut.pieces):,} pieces, float32", lambda _: InTorch(cut)
    yield "the same in int8", lambda folder: in_int8(cut, folder)
    yield "the first 8 of its 12 layers, int8", lambda folder: in_int8(first_layers(cut, 8), folder)
    for share in shares:
        yield f"trained further, {share:.0%} of the change, int8", lambda folder, s=share: in_int8(mixed(s), folder)  # type: ignore[misc]


def rows(
    made: Iterator[tuple[str, Callable[[str], Embedder]]], data: Path, known: Mapping[str, object]
) -> Iterator[dict[str, object]]:
    """The figures of the steps that are not `known`, as they are measured."""
    tasks = list(sets(data))
    for name, embedder in made:
        if name not in known:
            with TemporaryDirectory() as folder:
                scores = {task.name: score(embedder(folder), task) for task in tasks}
            yield {"step": name, **{f"{task} {measure}": scores[task][measure] for task, measure in MEASURES}}


def table(found: Sequence[Mapping[str, object]]) -> str:
    """The rows as a Markdown table."""
    names = [f"{task} {measure}" for task, measure in MEASURES]
    lines = [f"| step | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    lines += [f"| {row['step']} | {' | '.join(f'{row[name]:.3f}' for name in names)} |" for row in found]
    return "\n".join(lines)
