"""How likely a draft is right: one logistic model over what is known of it, whichever answerer made it.

`python -m evals.fit drafts` fits it on the training questions. A reason that it has not seen weighs nothing, so that a
new answerer is rated by what its drafts have in common with those of others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields

from rag.retrieve.ranking import weights
from rag.types import Draft, DraftFeatures, Query

LENGTHY = 900.0  # characters; more say no more


def features(query: Query, draft: Draft) -> DraftFeatures:
    """What is known of a draft for `query`."""
    return DraftFeatures(
        reason=draft.reason,
        hit=draft.hit,
        statements=math.log1p(len(draft.statements)),
        length=min(1.0, sum(len(s.words) for s in draft.statements) / LENGTHY),
        counted=_counted(query, draft),
        astray=draft.hit.free * (1.0 - draft.hit.exact) if draft.hit else 0.0,
    )


def _counted(query: Query, draft: Draft) -> float:
    """1 where a draft holds as many things as the question says, -1 where it does not; 0 for a question that does not
    say."""
    things = query.asked.things
    counts = things.counts | ({things.count} if things.count is not None else set())
    if not counts:
        return 0.0
    held = {len(draft.statements), *(s.words.count("、") + 1 for s in draft.statements)}
    return 1.0 if counts & held else -1.0


def values(known: DraftFeatures) -> Mapping[str, float]:
    """The features by name, a number each; those that are words are 1 under the name of the word."""
    found = {f.name: v for f in fields(known) if isinstance(v := getattr(known, f.name), float)}
    hit = {f"hit {f.name}": getattr(known.hit, f.name) for f in fields(known.hit)} if known.hit else {}
    return {**found, **hit, f"reason {known.reason}": 1.0}


def probability(known: DraftFeatures) -> float:
    """1 / (1 + exp(-(bias + weights · values))), in (0, 1)."""
    table = weights()["draft"]
    z = table["bias"] + sum(table.get(name, 0.0) * value for name, value in values(known).items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))
