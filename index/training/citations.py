"""Statutes and the texts that cite them: an event in the news and the article it is judged by are a real pair.

A lay person's question about the law shares few words with the article that answers it; so does a report of a case,
and that names the article. The name and the number are taken out of the query, or the pair would teach nothing else.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

from index.training import sources

CITED = re.compile(
    r"(?:《(?:中华人民共和国)?(?P<law>[^《》]{2,30})》|本(?:法|条例|规定|解释|规则|办法))"
    r"(?:[（(][^）)]*[）)])?[^。；《》]{0,12}?(?P<number>第[一二三四五六七八九十百千零〇]+条)"
)
NUMBERED = re.compile(r"第[一二三四五六七八九十百千零〇\d]+[条款项]|《[^《》]+》")
MOST_EVENTS = 4  # sentences of an event
SHORTEST_EVENT = 15  # characters

Statute = tuple[str, str]  # name of the law without the name of the country, number of the article


def plain_name(law: str) -> str:
    """The name of a law as texts cite it."""
    return law.removeprefix("中华人民共和国")


def cited(text: str, own: str = "") -> Iterator[Statute]:
    """The statutes that a text names; “本法” is the law `own`."""
    for found in CITED.finditer(text):
        if law := found["law"] or own:
            yield law, found["number"]


def without_citations(text: str) -> str:
    """The text less the names and numbers of statutes."""
    return NUMBERED.sub("", text)


def pairs(train: Path, rng: Random) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """Text, the article it cites behind the name of its law, and the number of that article."""
    articles = list(sources.articles(train))
    places = {(plain_name(law), number): place for place, (law, number, _) in enumerate(articles)}

    def passage(place: int) -> tuple[str, ...]:
        law, _, text = articles[place]
        return (law if rng.random() < 0.5 else "", *sources.sentences(text))

    for law, _, text in articles:
        for statute in cited(text, plain_name(law)):
            if (place := places.get(statute)) is not None and articles[place][2] != text:
                yield without_citations(text), passage(place), place
    for article in sources.news(train):
        for at, sentence in enumerate(article):
            for statute in cited(sentence):
                if (place := places.get(statute)) is not None:
                    for size in range(MOST_EVENTS):
                        event = without_citations("".join(article[max(0, at - size) : at + 1]))
                        if len(event) >= SHORTEST_EVENT:
                            yield event, passage(place), place
