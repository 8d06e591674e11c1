"""The small transformer on top of a static table: where it starts, how it reads texts, and that it learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import NEEDS_TORCH

pytest.importorskip("torch", reason=NEEDS_TORCH)

from index.training import contextual
from index.training.arrays import PairArrays, Ragged
from index.training.contextual import Encoder, Plan, contrast, distil, encode, new_encoder, pretrain
from index.training.train import Sampler, Settings, new_state

pytestmark = pytest.mark.usefixtures("one_thread")
PIECES, DIM = 40, 16
PLAN = Plan(layers=1, width=64, longest=12, masked_steps=200, masked_batch=32, masked_rate=2e-3, steps=30, batch=8,
            checkpoint_every=10)  # fmt: skip
RNG = np.random.default_rng(5)
TABLE = RNG.normal(size=(PIECES, DIM)).astype(np.float32)
TEXTS = [RNG.integers(PIECES, size=length) for length in (3, 8, 1, 5, 0, 8)]
# Each piece is followed by the next one: what is hidden can be told from what stands beside it.
ROWS = ((np.arange(32)[:, None] + np.arange(12)) % PIECES).astype(np.uint16)


def pairs() -> PairArrays:
    """Forty pairs whose sides share no piece: a passage holds the pieces behind those of its query."""
    queries = [np.array([i % 20, (i + 1) % 20], np.uint16) for i in range(40)]
    passages = [row + 20 for row in queries]
    sides = [Ragged(np.concatenate(rows), np.arange(0, 2 * len(rows) + 1, 2)) for rows in (queries, passages)]
    return PairArrays(sides[0], sides[1], np.arange(40) % 20)


def sampler(steps: int) -> Sampler:
    settings = Settings(steps=steps, batch=8, dim=DIM, hard=0.0)
    return Sampler({"made": pairs()}, settings, shares={"made": 1.0}, dropout={"made": 0.0}, pieces=PIECES)


def vectors(encoder: Encoder) -> np.ndarray:
    return encode(encoder, TEXTS).detach().numpy()


def test_it_starts_as_the_static_model() -> None:
    expected = [TABLE[text].sum(axis=0) for text in TEXTS]
    expected = [row / max(float(np.linalg.norm(row)), 1e-9) for row in expected]
    assert np.allclose(vectors(new_encoder(TABLE, PLAN)), expected, atol=1e-6)


def test_a_text_has_one_vector_whatever_it_is_read_with(tmp_path: Path) -> None:
    encoder = new_encoder(TABLE, PLAN)
    contrast(encoder, sampler(PLAN.steps), PLAN, tmp_path, lambda *_: None)
    alone = np.concatenate([encode(encoder, [text]).detach().numpy() for text in TEXTS])
    assert np.allclose(vectors(encoder), alone, atol=1e-5)
    assert not np.allclose(alone, vectors(new_encoder(TABLE, PLAN)), atol=1e-2)


def test_it_learns_to_guess_pieces_and_to_find_passages(tmp_path: Path) -> None:
    losses: dict[str, list[float]] = {}

    def note(_: int, name: str, loss: float) -> None:
        losses.setdefault(name, []).append(loss)

    encoder = new_encoder(TABLE, PLAN)
    pretrain(encoder, ROWS, PLAN, tmp_path, note)
    contrast(encoder, sampler(PLAN.steps), PLAN, tmp_path, note)
    for name, steps in (("masked", PLAN.masked_steps), ("contrast", PLAN.steps)):
        assert len(losses[name]) == steps
        assert np.mean(losses[name][-5:]) < 0.8 * np.mean(losses[name][:5])


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = new_encoder(TABLE, PLAN)
    pretrain(whole, ROWS, PLAN, tmp_path / "whole", lambda *_: None)

    def stop(step: int, *_: object) -> None:
        if step == 25:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain(new_encoder(TABLE, PLAN), ROWS, PLAN, tmp_path / "stopped", stop)
    again = new_encoder(TABLE, replace(PLAN, seed=PLAN.seed))
    pretrain(again, ROWS, PLAN, tmp_path / "stopped", lambda *_: None)
    for name, value in whole.parts.state_dict().items():
        assert np.array_equal(value.numpy(), again.parts.state_dict()[name].numpy()), name


def test_a_static_table_learns_what_its_teacher_finds(tmp_path: Path) -> None:
    teacher = new_encoder(TABLE, PLAN)
    contrast(teacher, sampler(PLAN.steps), PLAN, tmp_path, lambda *_: None)
    settings = Settings(steps=200, batch=8, dim=DIM, hard=0.0, learning_rate=0.05)
    state = new_state(PIECES, settings)

    def shares(vectors: np.ndarray) -> np.ndarray:
        scores = np.exp(vectors[:8] @ vectors[8:].T * settings.scale)
        return scores / scores.sum(axis=1, keepdims=True)

    def apart(table: np.ndarray) -> float:
        texts = contextual.texts_of(sampler(1).batch(0)[1], PLAN.longest)
        bags = np.stack([table[text].sum(axis=0) for text in texts])
        bags /= np.linalg.norm(bags, axis=1, keepdims=True)
        return float(np.abs(shares(bags) - shares(encode(teacher, texts).detach().numpy())).mean())

    before = apart(state.weights.numpy().copy())
    distil(state, teacher, sampler(settings.steps), settings)
    assert apart(state.weights.numpy()) < 0.2 * before
