"""The training loop: contrastive learning of one vector a token.

Each step takes one batch from one source. The batch touches some ten thousand of the rows; only those are gathered,
differentiated and updated (Adam with its moments per row), which on a CPU is several times faster than a sparse
gradient over the whole table.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.training.arrays import PairArrays, Ragged

if TYPE_CHECKING:
    import torch

BETAS = (0.9, 0.999)
EPSILON = 1e-8


@dataclass(frozen=True)
class Settings:
    """What a run depends on besides its pairs; the same settings and pairs give the same model."""

    steps: int = 10_000
    batch: int = 1024
    dim: int = 512
    learning_rate: float = 2e-2
    scale: float = 20.0
    init: float = 0.04
    prefixes: tuple[int, ...] = ()  # the first so many dimensions must do by themselves (Kusupati et al. 2022)
    hard: float = 0.5  # share of the queries that bring a mined negative along
    mined: str = "bm25"  # who found the negatives
    seed: int = 20250301
    checkpoint_every: int = 500


@dataclass
class State:
    """What a run needs to go on: the table, Adam's moments and the number of steps done."""

    weights: "torch.Tensor"
    first: "torch.Tensor"
    second: "torch.Tensor"
    step: int = 0


@dataclass(frozen=True)
class Batch:
    """The tokens of n queries, their n passages and m more passages that answer none of them, numbered within the
    batch; `groups`, (n + m,), of the passages, masks what is no wrong answer.
    """

    rows: NDArray[np.int64]
    local: NDArray[np.int64]
    starts: NDArray[np.int64]
    groups: NDArray[np.int64]


def new_state(pieces: int, settings: Settings) -> State:
    """A table of small random vectors (pieces, dim)."""
    import torch

    generator = torch.Generator().manual_seed(settings.seed)
    weights = torch.randn(pieces, settings.dim, generator=generator) * settings.init
    return State(weights, torch.zeros_like(weights), torch.zeros_like(weights))


def make_batch(queries: Ragged, passages: Ragged, groups: NDArray[np.int64], pieces: int) -> Batch:
    """Number the tokens of a batch from 0, in the order of their rows in the table."""
    tokens = np.concatenate((queries.tokens, passages.tokens))
    starts = np.concatenate((queries.starts[:-1], passages.starts[:-1] + len(queries.tokens)))
    present = np.zeros(pieces, dtype=np.bool_)
    present[tokens] = True
    rows = np.flatnonzero(present)
    numbers = np.empty(pieces, dtype=np.int64)
    numbers[rows] = np.arange(len(rows))
    return Batch(rows, numbers[tokens], starts, groups)


def contrastive_loss(sides: "torch.Tensor", groups: "torch.Tensor", scale: float) -> "torch.Tensor":
    """Symmetric InfoNCE of rows (n + n + m, dim): queries, their passages, further wrong passages.

    `groups`, (n + m,), are those of the passages; texts of one group are not each other's negatives.
    """
    import torch
    import torch.nn.functional as F

    unit = F.normalize(sides, dim=1)
    count = len(sides) - len(groups)
    scores = unit[:count] @ unit[count:].T * scale
    same = (groups[:count, None] == groups[None, :]) & ~torch.eye(count, len(groups), dtype=torch.bool)
    scores = scores.masked_fill(same, float("-inf"))
    target = torch.arange(count)
    return (F.cross_entropy(scores, target) + F.cross_entropy(scores[:, :count].T, target)) / 2


Loss = Callable[["torch.Tensor"], "torch.Tensor"]  # of the means of a batch's texts, (n + n + m, dim)


def update(state: State, batch: Batch, settings: Settings, loss_of: Loss | None = None) -> float:
    """One step of Adam on the rows of the batch, by `loss_of` or else the contrastive loss; the loss before it."""
    import torch
    import torch.nn.functional as F

    rows = torch.from_numpy(batch.rows)
    table = state.weights[rows].requires_grad_()
    sides = F.embedding_bag(torch.from_numpy(batch.local), table, torch.from_numpy(batch.starts), mode="mean")
    loss = loss_of(sides) if loss_of else _contrast(sides, batch, settings)
    torch.autograd.backward(loss)
    with torch.no_grad():
        _adam(state, rows, table, settings)
    return float(loss.detach())


def _contrast(sides: "torch.Tensor", batch: Batch, settings: Settings) -> "torch.Tensor":
    import torch

    groups = torch.from_numpy(batch.groups)
    prefixes = settings.prefixes or (settings.dim,)
    return torch.stack([contrastive_loss(sides[:, :dim], groups, settings.scale) for dim in prefixes]).mean()


def _adam(state: State, rows: "torch.Tensor", table: "torch.Tensor", settings: Settings) -> None:
    gradient = table.grad
    if gradient is None:
        raise ValueError("the loss does not depend on the table")
    state.step += 1
    rate = settings.learning_rate * max(0.0, 1 - (state.step - 1) / settings.steps)
    first = state.first[rows].mul_(BETAS[0]).add_(gradient, alpha=1 - BETAS[0])
    second = state.second[rows].mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
    state.first[rows] = first
    state.second[rows] = second
    correction = (1 - BETAS[1] ** state.step) ** 0.5
    pace = rate * correction / (1 - BETAS[0] ** state.step)
    state.weights[rows] = table.detach().addcdiv_(first, second.sqrt_().add_(EPSILON * correction), value=-pace)


class Sampler:
    """Batches of shuffled pairs, each from one source; the draw depends on the seed and the step alone."""

    def __init__(
        self,
        pairs: Mapping[str, PairArrays],
        settings: Settings,
        *,
        shares: Mapping[str, float],
        dropout: Mapping[str, float],
        pieces: int,
        two_tables: bool = False,
    ) -> None:
        """`two_tables`: passages use the rows behind those of the queries, in a table of twice as many."""
        self._pairs, self._dropout, self._pieces, self._settings = pairs, dropout, pieces, settings
        self._two_tables = two_tables
        self._names = sorted(pairs)
        weights = np.array([shares[name] for name in self._names])
        rng = np.random.default_rng(settings.seed)
        self._orders: dict[str, tuple[int, NDArray[np.int64]]] = {}
        self._plan = rng.choice(len(self._names), size=settings.steps, p=weights / weights.sum())

    def batch(self, step: int) -> tuple[str, Batch]:
        """The batch of a step, and the source it comes from."""
        name = self._names[self._plan[step]]
        pairs = self._pairs[name]
        turn = int((self._plan[:step] == self._plan[step]).sum())
        size = min(self._settings.batch, len(pairs))
        turns = len(pairs) // size
        order = self._order(name, turn // turns)
        chosen = np.sort(order[turn % turns * size :][:size])
        rng = np.random.default_rng((self._settings.seed, step))
        queries = pairs.queries.take(chosen).thin(self._dropout[name], rng)
        given = np.concatenate((chosen, self._hard(pairs, chosen, rng)))
        passages = pairs.passages.take(given).thin(self._dropout[name] / 2, rng)
        if self._two_tables:
            passages = Ragged(passages.tokens.astype(np.int64) + self._pieces, passages.starts)
        pieces = self._pieces * (1 + self._two_tables)
        return name, make_batch(queries, passages, pairs.groups[given], pieces)

    def _hard(self, pairs: PairArrays, chosen: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """One mined negative for a share of the chosen pairs."""
        if pairs.negatives is None or not self._settings.hard:
            return chosen[:0]
        asking = chosen[rng.random(len(chosen)) < self._settings.hard]
        found = pairs.negatives[asking, rng.integers(pairs.negatives.shape[1], size=len(asking))]
        return np.setdiff1d(found[found >= 0], chosen)

    def _order(self, name: str, epoch: int) -> NDArray[np.int64]:
        """The pairs of a source as shuffled for one pass over them."""
        if name not in self._orders or self._orders[name][0] != epoch:
            rng = np.random.default_rng((self._settings.seed, self._names.index(name), epoch))
            self._orders[name] = epoch, rng.permutation(len(self._pairs[name]))
        return self._orders[name][1]


def run(
    state: State, sampler: Sampler, settings: Settings, folder: Path, report: Callable[[int, str, float], None]
) -> State:
    """Train from where the state stands to the last step, saving a checkpoint now and then."""
    while state.step < settings.steps:
        name, batch = sampler.batch(state.step)
        loss = update(state, batch, settings)
        report(state.step, name, loss)
        if state.step % settings.checkpoint_every == 0 or state.step == settings.steps:
            save_checkpoint(state, settings, folder)
    return state


def save_checkpoint(state: State, settings: Settings, folder: Path) -> None:
    """Write the state so that a killed run can go on; the old file stays until the new one is whole."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / "checkpoint.new"
    tensors = {"weights": state.weights, "first": state.first, "second": state.second}
    save_file(tensors, fresh, metadata={"step": str(state.step), "settings": json.dumps(asdict(settings))})
    fresh.replace(folder / "checkpoint.safetensors")


def load_checkpoint(folder: Path) -> tuple[State, Settings] | None:
    """The saved state and its settings, or None when there is none."""
    from safetensors import safe_open

    path = folder / "checkpoint.safetensors"
    if not path.is_file():
        return None
    with safe_open(path, framework="pt") as stored:
        note = stored.metadata()
        weights, first, second = (stored.get_tensor(name) for name in ("weights", "first", "second"))
    settings = json.loads(note["settings"])
    settings["prefixes"] = tuple(settings.get("prefixes", ()))
    return State(weights, first, second, int(note["step"])), Settings(**settings)
