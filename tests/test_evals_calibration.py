"""How the probability of a draft is fitted and measured: known by hand on made samples."""

from __future__ import annotations

import numpy as np
import pytest

from evals.calibration import (
    Rated,
    brier,
    calibration_error,
    crossed,
    fitted,
    logistic,
    rated,
    sigmoid,
    threshold,
    told,
    with_refusals,
    withheld,
)
from evals.dataset import Question


def sample(id_: str, *, right: bool, of: str = "made", answerable: bool = True, **values: float) -> Rated:
    return Rated(of, Question(id_, "fact", id_, answerable), "clause", values, right)


MADE = [sample(f"q{n}", right=n % 4 > 0, score=float(n % 4)) for n in range(80)]


def test_measures_known_by_hand() -> None:
    p, right = np.array([0.9, 0.9, 0.2, 0.2]), np.array([True, False, False, False])
    assert brier(p, right) == pytest.approx((0.01 + 0.81 + 0.04 + 0.04) / 4)
    assert calibration_error(p, right) == pytest.approx((0.4 + 0.2) / 2)
    assert calibration_error(np.array([1.0, 0.0]), np.array([True, False])) == 0.0


def test_a_bias_alone_gives_the_share_of_right_ones_and_an_offset_is_taken_off() -> None:
    y = np.array([1.0, 1.0, 1.0, 0.0])
    (bias,) = logistic(np.ones((4, 1)), y, 1.0)
    assert sigmoid(np.array([bias]))[0] == pytest.approx(0.75, abs=1e-4)
    (less,) = logistic(np.ones((4, 1)), y, 1.0, np.full(4, 0.5))
    assert less == pytest.approx(bias - 0.5, abs=1e-4)


def test_what_was_fitted_is_where_the_gradient_is_zero_even_from_far_off() -> None:
    x = np.column_stack([np.ones(3), [0.0, 1.0, 2.0]])
    y, offset = np.array([1.0, 0.0, 1.0]), np.full(3, -12.0)
    w = logistic(x, y, 0.3, offset)
    gradient = x.T @ (sigmoid(x @ w + offset) - y) + np.array([1e-6, 0.3]) * w
    assert np.abs(gradient).max() < 1e-6


def test_a_probability_by_others_never_knows_its_own_question() -> None:
    told_apart = [sample(f"q{n}", right=n % 2 == 0, **{f"only {n}": 1.0}) for n in range(40)]
    known, unknown = rated(told_apart, fitted(told_apart)), crossed(told_apart)
    right = np.array([s.right for s in told_apart])
    assert brier(known, right) < 0.15 < 0.2 < brier(unknown, right)


def test_the_threshold_is_the_lowest_that_refuses_enough_of_each_set() -> None:
    asked = [("a", Question(f"n{n}", "unanswerable", "", False)) for n in range(4)]
    asked += [("b", Question("n0", "unanswerable", "", False)), ("b", Question("y", "fact", "", True))]
    samples = [sample(f"n{n}", right=False, of="a", answerable=False) for n in range(4)]
    samples += [sample("n0", right=False, of="b", answerable=False), sample("y", right=True, of="b")]
    p = np.array([0.2, 0.3, 0.3, 0.7, 0.5, 0.9])
    assert threshold(samples, p, asked, 0.75) == 0.55  # of “b” the one question has to be refused
    assert threshold(samples, p, asked[:4], 0.75) == 0.35
    assert threshold(samples, p, asked[:4], 1.0) == 0.75


def test_refusals_are_rated_by_what_they_withhold() -> None:
    weights = fitted(MADE)
    refused = [sample(f"q{n}", right=n % 4 == 0, answerable=n % 4 > 0, **{"reason unsure": 1.0}) for n in range(80)]
    held = withheld(refused, MADE, weights, 2.0)
    assert [s.values["withheld"] for s in held] == pytest.approx(list(rated(MADE, weights)))
    assert withheld(refused, MADE, weights, 0.5) == [s for s in held if s.values["withheld"] < 0.5]
    both = with_refusals(weights, held)
    assert {name: both[name] for name in weights} == weights
    assert both["withheld"] < 0
    right = np.array([s.right for s in held])
    assert rated(held, both)[right].min() > rated(held, both)[~right].max()


def test_the_figures_are_told_in_all_and_for_each_answerer() -> None:
    lines = list(told("train", MADE, np.full(len(MADE), 0.75)))
    assert len(lines) == 2
    assert all("right 0.750  probability 0.750  Brier 0.1875  ECE 0.000" in line for line in lines)
