"""The tree of errors. Each says what happened, to what, and what to do next.

WenjuError
├── InputError            what the user handed over cannot be used
│   ├── SourceError         a file cannot be read as a report
│   └── QuestionError       an empty or overlong question
├── EmbedderError         the embedding model cannot be loaded
└── StoreError           the built index cannot be used
    ├── IndexMissing        there is none
    ├── IndexDamaged        a file is missing or its hash differs
    ├── IndexMismatch       built with another model, dimension or format
    └── IndexLocked         another build is writing it

A message holds the values; it becomes text for a person only at the edge (`ui`).
"""


class WenjuError(Exception):
    """Base of all expected failures.

    `what` says what happened to which thing; `remedy` says what to do next.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy


class InputError(WenjuError):
    """What the user handed over cannot be used."""


class SourceError(InputError):
    """A file cannot be read as a report."""


class QuestionError(InputError):
    """A question is empty or too long."""


class EmbedderError(WenjuError):
    """The embedding model cannot be loaded."""


class StoreError(WenjuError):
    """The built index cannot be used."""


class IndexMissing(StoreError):
    """There is no built index in the folder."""


class IndexDamaged(StoreError):
    """A file of the index is missing or differs from its recorded hash."""


class IndexMismatch(StoreError):
    """The index was built with another model, dimension or format."""


class IndexLocked(StoreError):
    """Another build is writing this index."""
