"""Small transformers from nothing, on top of the static model, and the way back: a static table that learns from one.

A piece's vector is its static one plus what its neighbours make of it; a text is the sum of them, at unit length. The
part that the transformer adds starts at zero, so training starts from the static model. First the transformer learns
to guess masked pieces (Devlin et al. 2019) of news, laws and reports, among the pieces of its batch; then the pairs of
the static model. In bfloat16: on the CPUs that have it three times the pace of float32.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.embed.embedder import Vectors
from index.training import sources
from index.training.arrays import Tokens
from index.training.pairs import HELD_OUT
from index.training.train import Batch, Sampler, Settings, State, contrastive_loss, update

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

Report = Callable[[int, str, float], None]
ROW = 64  # pieces of a row of the masked-language training
EMBEDDED_AT_ONCE = 128  # texts, of like length


@dataclass(frozen=True)
class Plan:
    """The shape of a transformer, and how it is trained."""

    layers: int = 4
    width: int = 256  # a multiple of 64, the width of a head
    longest: int = 48  # pieces of a text that are read
    masked: float = 0.15  # share of the pieces to be guessed
    masked_steps: int = 1500
    masked_batch: int = 256  # rows
    masked_rate: float = 1e-3
    steps: int = 700
    batch: int = 256  # pairs
    rate: float = 5e-4
    seed: int = 20250301
    checkpoint_every: int = 100


@dataclass(frozen=True)
class Encoder:
    """A static table, (pieces, dim), that stays as it is, and the parts that are learned."""

    table: "torch.Tensor"
    parts: "torch.nn.ModuleDict"
    longest: int

    def states(self, pieces: "torch.Tensor", hidden: "torch.Tensor | None" = None) -> "torch.Tensor":
        """What each of the pieces (n, length), -1 for none, is in its text: (n, length, width). Those `hidden`,
        bool (n, length), are read as a mask."""
        import torch

        seen = self.inputs(pieces.clamp(min=0))
        if hidden is not None:
            mask = self.parts["mask"](torch.zeros(1, dtype=torch.int64))
            seen = torch.where(hidden[..., None], mask.to(seen.dtype), seen)
        seen = seen + self.parts["places"](torch.arange(pieces.shape[1]))
        missing = pieces < 0
        states: torch.Tensor = self.parts["layers"](seen, src_key_padding_mask=missing if missing.any() else None)
        return states

    def inputs(self, pieces: "torch.Tensor") -> "torch.Tensor":
        """The static vectors of pieces, all of one length, as the transformer reads them: (..., width)."""
        import torch.nn.functional as F

        unit = F.normalize(self.table[pieces], dim=-1) * self.table.shape[1] ** 0.5
        inputs: torch.Tensor = self.parts["into"](unit)
        return inputs

    def vectors(self, pieces: "torch.Tensor") -> "torch.Tensor":
        """Unit vectors of texts (n, length), -1 for no piece: (n, dim)."""
        import torch.nn.functional as F

        static = self.table[pieces.clamp(min=0)] * (pieces >= 0)[..., None]
        weight = static.norm(dim=-1, keepdim=True)
        return F.normalize((static + weight * self.parts["out"](self.states(pieces)).float()).sum(dim=1), dim=1)


def new_encoder(table: Vectors, plan: Plan) -> Encoder:
    """An encoder over a static table (pieces, dim) that gives the static model's vectors."""
    import torch
    from torch import nn

    torch.manual_seed(plan.seed)
    dim, width = table.shape[1], plan.width
    layer = nn.TransformerEncoderLayer(
        width, width // 64, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    out = nn.Linear(width, dim)
    nn.init.zeros_(out.weight)
    nn.init.zeros_(out.bias)
    parts = nn.ModuleDict(
        {
            "into": nn.Linear(dim, width),
            "places": nn.Embedding(max(ROW, plan.longest), width),
            "mask": nn.Embedding(1, width),
            "layers": nn.TransformerEncoder(layer, plan.layers, nn.LayerNorm(width), enable_nested_tensor=False),
            "out": out,
        }
    )
    return Encoder(torch.from_numpy(np.ascontiguousarray(table)), parts, plan.longest)


def rows_of_text(tokenizer: "Tokenizer", train: Path) -> Tokens:
    """The news, laws and reports as rows of pieces (n, ROW), one text behind the other."""
    texts: Iterator[Sequence[str]] = chain(
        (part for part in sources.news(train) if part and not sources.held_out(part[0], HELD_OUT["news"])),
        (section.sentences for section in sources.laws(train)),
        (sources.sentences(body) for _, body in sources.headlines(train)),
        (section.sentences for section in sources.reports(train)),
    )
    lines = ["".join(parts) for parts in texts]
    found = tokenizer.encode_batch_fast(lines, add_special_tokens=False)
    stream = np.concatenate([np.array(encoding.ids, np.uint16) for encoding in found])
    return stream[: len(stream) // ROW * ROW].reshape(-1, ROW)


def pretrain(encoder: Encoder, rows: Tokens, plan: Plan, folder: Path, report: Report) -> None:
    """Guess the masked pieces of `rows`, (n, ROW). Goes on from the checkpoint in `folder`, if there is one."""
    import torch
    import torch.nn.functional as F

    order = np.random.default_rng(plan.seed).permutation(len(rows))

    def loss(step: int) -> "torch.Tensor":
        rng = np.random.default_rng((plan.seed, step))
        chosen = order[np.arange(step * plan.masked_batch, (step + 1) * plan.masked_batch) % len(rows)]
        pieces = rows[np.sort(chosen)].astype(np.int64)
        hidden = rng.random(pieces.shape) < plan.masked
        candidates, numbers = np.unique(pieces, return_inverse=True)
        states = encoder.states(torch.from_numpy(pieces), torch.from_numpy(hidden))[torch.from_numpy(hidden)]
        scores = states @ encoder.inputs(torch.from_numpy(candidates)).to(states.dtype).T * plan.width**-0.5
        return F.cross_entropy(scores.float(), torch.from_numpy(numbers.reshape(pieces.shape)[hidden]))

    _learn(encoder, loss, plan.masked_steps, plan.masked_rate, plan, folder / "masked.pt", report)


def contrast(encoder: Encoder, sampler: Sampler, plan: Plan, folder: Path, report: Report) -> None:
    """Learn the pairs as the static model does. Goes on from the checkpoint in `folder`, if there is one."""
    import torch

    def loss(step: int) -> "torch.Tensor":
        _, batch = sampler.batch(step)
        sides = encode(encoder, texts_of(batch, encoder.longest))
        return contrastive_loss(sides, torch.from_numpy(batch.groups), Settings.scale)

    _learn(encoder, loss, plan.steps, plan.rate, plan, folder / "contrast.pt", report)


def _learn(encoder: Encoder, loss_of: Callable[[int], "torch.Tensor"], steps: int, rate: float, plan: Plan,
           path: Path, report: Report) -> None:  # fmt: skip
    """AdamW with a warm-up and a linear decay; what is random in a step depends on the seed and the step alone."""
    import torch

    optimizer = torch.optim.AdamW(encoder.parts.parameters(), lr=rate, weight_decay=0.01)
    done = 0
    if path.is_file():
        saved = torch.load(path, weights_only=True)
        encoder.parts.load_state_dict(saved["parts"])
        optimizer.load_state_dict(saved["optimizer"])
        done = saved["step"]
    encoder.parts.train()
    for step in range(done, steps):
        torch.manual_seed(plan.seed + step)
        for group in optimizer.param_groups:
            group["lr"] = rate * min((step + 1) / (0.05 * steps + 1), 1 - step / steps)
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_of(step)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(encoder.parts.parameters(), 1.0)
        optimizer.step()
        report(step + 1, path.stem, float(loss.detach()))
        if (step + 1) % plan.checkpoint_every == 0 or step + 1 == steps:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            saved = {"parts": encoder.parts.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            torch.save(saved | {"plan": asdict(plan)}, fresh)
            fresh.replace(path)
    encoder.parts.eval()


def load_encoder(table: Vectors, folder: Path) -> Encoder | None:
    """The encoder that `contrast` left in `folder`, over the static table it was trained on; None without one."""
    import torch

    path = folder / "contrast.pt"
    if not path.is_file():
        return None
    saved = torch.load(path, weights_only=True)
    encoder = new_encoder(table, Plan(**saved["plan"]))
    encoder.parts.load_state_dict(saved["parts"])
    encoder.parts.eval()
    return encoder


def texts_of(batch: Batch, longest: int) -> list[NDArray[np.int64]]:
    """The pieces of each text of a batch, cut to `longest`."""
    pieces = batch.rows[batch.local]
    ends = [*batch.starts[1:], len(pieces)]
    return [pieces[start : min(end, start + longest)] for start, end in zip(batch.starts, ends, strict=True)]


def encode(encoder: Encoder, texts: Sequence[NDArray[np.int64]]) -> "torch.Tensor":
    """Unit vectors (n, dim), zero for a text without pieces; texts of like length are read together."""
    import torch

    by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    found = []
    for start in range(0, len(texts), EMBEDDED_AT_ONCE):
        group = [texts[i][: encoder.longest] for i in by_length[start : start + EMBEDDED_AT_ONCE]]
        padded = np.full((len(group), max(1, max(map(len, group)))), -1, np.int64)
        for row, text in zip(padded, group, strict=True):
            row[: len(text)] = text
        padded[:, 0] = np.where(padded[:, 0] < 0, 0, padded[:, 0])  # attention needs something to look at
        empty = torch.tensor([not len(text) for text in group])
        found.append(encoder.vectors(torch.from_numpy(padded)).masked_fill(empty[:, None], 0.0))
    return torch.cat(found)[torch.from_numpy(np.argsort(by_length))]


@dataclass(frozen=True)
class Contextual:
    """An encoder as an embedder, to be measured as the others are."""

    tokenizer: "Tokenizer"
    encoder: Encoder
    fingerprint: str = field(default="in memory", init=False)

    @property
    def dim(self) -> int:
        return int(self.encoder.table.shape[1])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim)."""
        import torch

        found = []
        for start in range(0, len(texts), 8192):
            block = self.tokenizer.encode_batch_fast(list(texts[start : start + 8192]), add_special_tokens=False)
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                found.append(encode(self.encoder, [np.array(e.ids, np.int64) for e in block]).float().numpy())
        return np.concatenate(found)

    embed_queries = embed_passages


def distil(state: State, teacher: Encoder, sampler: Sampler, settings: Settings) -> State:
    """A static table that learns the cosines that `teacher` finds between the texts of each batch."""
    import torch
    import torch.nn.functional as F

    while state.step < settings.steps:
        _, batch = sampler.batch(state.step)
        count = len(batch.starts) - len(batch.groups)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            taught = encode(teacher, texts_of(batch, teacher.longest)).float()
        wanted = (taught[:count] @ taught[count:].T * settings.scale).softmax(dim=1)

        def loss(sides: "torch.Tensor", count: int = count, wanted: "torch.Tensor" = wanted) -> "torch.Tensor":
            unit = F.normalize(sides, dim=1)
            return F.cross_entropy(unit[:count] @ unit[count:].T * settings.scale, wanted)

        update(state, batch, settings, loss)
    return state
