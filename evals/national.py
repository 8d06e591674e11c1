"""Write the national government work reports of the data folder as text files, so that they can be indexed.

They are a corpus of one place and many years, where the year decides which figure is right: `wenju eval` asks
`evals/questions/national.jsonl` of them. The texts are read from the data beside the project and are not part of it.
usage: python -m evals.national FOLDER [--data ../shared/data/train] [--since 2014]
"""

from __future__ import annotations

import argparse
import json
import lzma
from pathlib import Path

DATA = Path("../shared/data/train")
SINCE = 2014


def write_reports(data: Path, folder: Path, since: int = SINCE) -> int:
    """One file a report, named by its title; their number. Raises OSError when a file cannot be read or written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    with lzma.open(data / "state_council_reports.jsonl.xz", "rt", encoding="utf-8") as lines:
        for report in map(json.loads, lines):
            if report["year"] and int(report["year"]) >= since:
                (folder / f"{report['title']}.txt").write_text(report["text"], "utf-8")
                written += 1
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--since", type=int, default=SINCE)
    args = parser.parse_args()
    print(f"{write_reports(args.data, args.folder, args.since)} reports in {args.folder}")


if __name__ == "__main__":
    main()
