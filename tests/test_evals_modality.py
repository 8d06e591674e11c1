"""How the kind of a wording is learned: labels that headings give, weights that follow them."""

from __future__ import annotations

import pytest

from evals.modality import Piece, label, learned
from index.text import modality


def test_a_heading_with_times_of_one_side_labels_what_stands_below() -> None:
    assert label(("一、2024年工作", "（一）产业"), 2025) is False
    assert label(("二、2025年工作",), 2025) is True
    assert label(("2024年和2025年工作",), 2025) is None
    assert label(("产业",), 2025) is None


def test_weights_are_learned_from_labelled_pieces() -> None:
    pytest.importorskip("sklearn", reason="needs the extra: pip install 'wenju[models]'")
    done = [Piece(f"建成了{name}路", planned=False, report="a") for name in "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳"]
    planned = [Piece(f"要建设{name}路", planned=True, report="a") for name in "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳"]
    weights = learned(done + planned)
    assert modality.score("建成了大桥", weights) < 0 < modality.score("要建设大桥", weights)
