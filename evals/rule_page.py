"""What was found out of each part, and the page that shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

VERDICTS = ("answers", "calls", "reads", "same", "no effect", "nowhere", "unheard", "untraced", "needed")
WORTHLESS = ("nowhere", "no effect", "same")
Key = tuple[str, str, str, int]  # what names a part
HEAD = """# What each rule is worth

Written by `python -m evals.rules --write`. Every alternative of a pattern, word of a list and row of a table that holds
Chinese is taken out in turn. Won and lost: training questions that are right with it and not without it, and the other
way round. “answers”: some answer changes; “reads”: some document is read otherwise (the indexes are not built again for
it); “calls”: some call gives something else, and nothing was run yet; “same”: calls differ, answers and the documents
read again do not; “no effect”: it matches, and nothing comes out otherwise; “nowhere”: it matches nothing; “unheard”:
nothing here calls its pattern (chat models' drafts); “untraced”: used in a way that is not heard; “needed”: the module
does not load without it.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One part taken out. `questions` and `documents` count those in which it matches.

    `verdict`: “unheard” (nothing calls its pattern here), “untraced” (used in a way that is not heard), “needed” (the
    module does not load without it), “nowhere” (it matches nothing), “no effect” (no call gives anything else), “calls”
    (some does; not run yet), “same” (calls do, answers and readings do not), “reads” (documents read otherwise) or
    “answers”.
    """

    module: str
    name: str
    text: str
    turn: int  # among the parts of `name` with this text
    questions: int = 0
    documents: int = 0
    won: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    verdict: str = ""

    @property
    def key(self) -> Key:
        """What names the part."""
        return self.module, self.name, self.text, self.turn


def page(rows: Sequence[Row]) -> str:
    """The findings as Markdown."""
    lines = [HEAD, *_counts(rows), "", "## What wins or loses a question", "", *_decisive(rows)]
    return "\n".join([*lines, "", "## Worth nothing here", "", *_worthless(rows), ""])


def _counts(rows: Sequence[Row]) -> Iterator[str]:
    """How many parts of each module have which verdict."""
    yield f"| module | parts | {' | '.join(VERDICTS)} |"
    yield f"|---|---|{'---|' * len(VERDICTS)}"
    for module in dict.fromkeys(row.module for row in rows):
        count = Counter(row.verdict for row in rows if row.module == module)
        yield f"| {module} | {count.total()} | {' | '.join(str(count[v]) for v in VERDICTS)} |"


def _decisive(rows: Sequence[Row]) -> Iterator[str]:
    """The parts that win or lose a question, those that win most first."""
    yield "| part of | alternative | matches in questions | documents | won | lost |"
    yield "|---|---|---|---|---|---|"
    for row in sorted(rows, key=lambda r: (len(r.lost) - len(r.won), r.module, r.name)):
        if row.won or row.lost:
            shown = " ".join(row.text.split()).replace("|", "\\|")[:80]
            counts = (row.questions, row.documents, len(row.won), len(row.lost))
            yield f"| {row.module}.{row.name} | `{shown}` | {' | '.join(map(str, counts))} |"


def _worthless(rows: Sequence[Row]) -> Iterator[str]:
    """What each pattern and list holds in vain."""
    for place in dict.fromkeys((row.module, row.name) for row in rows):
        texts = [" ".join(r.text.split()) for r in rows if (r.module, r.name) == place and r.verdict in WORTHLESS]
        if texts:
            yield f"- {'.'.join(place)}: " + "、".join(f"`{t[:60]}`" for t in texts)
