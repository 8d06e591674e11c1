"""Questions made from statements: “增加学位3300个” becomes “增加多少个学位？”.

Real questions are few; these teach the model what a question word does (nothing) and what an asker keeps of the
statement (its nouns). They are rough on purpose: words fall out, official words give way to everyday ones.
"""

import re
from random import Random

from index.text.everyday import EVERYDAY

NUMBER = re.compile(r"(?<![\d.])\d+(?:[.,，]\d+)*\s?(?:%|％|个百分点|[百千万亿]{0,2}[多余]?)")
DATE = re.compile(r"(?:\d{2,4}\s?年)?\s?\d{1,2}\s?月(?:\s?\d{1,2}\s?日)?|\d{4}\s?年")
WHEN = ("什么时候", "哪一年", "何时", "哪天")
WHO = ("什么", "谁", "哪里", "哪些", "哪个", "什么地方")
OPENINGS = ("", "", "", "", "请问", "想问一下", "我想知道", "今年", "去年", "目前", "咱们", "你们那里")
ENDINGS = ("", "？", "？", "吗？", "呢？", "怎么样？", "情况如何？", "有哪些？", "是什么？", "怎么办？", "有多少？")
CLAUSE = re.compile(r"[^，,。！？!?；;：:\n]+")
LONGEST_QUESTION = 40
SHORTEST_QUESTION = 5


def question_from(sentence: str, rng: Random) -> str | None:
    """A question that the sentence answers, or None when the sentence is too short to ask about."""
    statement = _fragment(sentence, rng)
    if statement is None:
        return None
    asked, complete = _ask(_everyday(statement, rng), rng)
    return rng.choice(OPENINGS) + asked + ("？" if complete else rng.choice(ENDINGS))


def between_commas(sentence: str) -> list[str]:
    """The parts of a sentence between commas, without the commas."""
    return [part for found in CLAUSE.finditer(sentence) if len(part := found.group().strip()) > 3]


def _fragment(sentence: str, rng: Random) -> str | None:
    """One or two neighbouring clauses, those with a figure first."""
    parts = [part for part in between_commas(sentence) if len(part) <= LONGEST_QUESTION]
    if not parts:
        return None
    figures = [number for number, part in enumerate(parts) if NUMBER.search(part)]
    start = rng.choice(figures) if figures and rng.random() < 0.7 else rng.randrange(len(parts))
    text = parts[start]
    if start + 1 < len(parts) and len(text) < 10:
        text += parts[start + 1]
    return text if SHORTEST_QUESTION <= len(text) <= LONGEST_QUESTION else None


def _ask(statement: str, rng: Random) -> tuple[str, bool]:
    """The statement with one part asked for, and whether it holds a question word already."""
    date = DATE.search(statement)
    if date and rng.random() < 0.5:
        return statement[: date.start()] + rng.choice(WHEN) + statement[date.end() :], True
    numbers = [found for found in NUMBER.finditer(statement) if not statement[found.end() :].startswith(("年", "月"))]
    if numbers and rng.random() < 0.8:
        found = rng.choice(numbers)
        return statement[: found.start()] + rng.choice(("多少", "多少", "几")) + statement[found.end() :], True
    if rng.random() < 0.5 and len(statement) > 10:
        length = rng.randint(2, 5)
        start = rng.choice((0, len(statement) - length, rng.randrange(len(statement) - length)))
        return statement[:start] + rng.choice(WHO) + statement[start + length :], True
    return statement, False


def _everyday(statement: str, rng: Random) -> str:
    """The statement with some official words in everyday ones."""
    for official, plain in EVERYDAY:
        if official in statement and rng.random() < 0.6:
            statement = statement.replace(official, rng.choice(plain), 1)
    return statement
