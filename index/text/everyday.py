"""Official words and what people say instead: a table written by hand, from common knowledge of the administration.

It bridges the wording of reports and the wording of questions in the training pairs; nothing reads it when the model
is used.
"""

from pathlib import Path

EVERYDAY: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
    (official, tuple(plain.split()))
    for official, _, plain in (
        line.partition("\t") for line in Path(__file__).with_name("everyday.tsv").read_text("utf-8").splitlines()
    )
)
