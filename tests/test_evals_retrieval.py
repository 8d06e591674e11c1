"""BEIR-format sets, in all their spellings, through the retriever."""

import json
import lzma
from pathlib import Path

import pytest
from hashing import HashingEmbedder

from evals.retrieval import BeirSet, Mode, evaluate
from index.errors import InputError

KEYS = {
    "passages", "windows", "queries", "recall@1", "recall@5", "recall@10", "recall@100", "hit@1", "hit@5", "mrr@10",
    "ndcg@10", "index_seconds", "ms_per_query",
}  # fmt: skip
CORPUS = [
    {"_id": "d1", "title": "就业", "text": "全区新增就业四万人。"},
    {"_id": "d2", "title": "", "text": "新建学校六所，增加学位五千个。"},
    {"_id": "d3", "title": None, "text": "亿元楼宇达到二十六座。"},
]
QUERIES = [
    {"_id": "q1", "text": "新增就业多少人"},
    {"_id": "q2", "text": "学位增加多少个"},
    {"_id": "q3", "text": "没有答案的问题"},
]
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t2\nq2\td1\t0\n"


def lines(rows: list[dict[str, str]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def placed(folder: Path, **texts: str) -> list[Path]:
    """The three files; a name with __ for each dot."""
    paths = []
    for name, text in texts.items():
        path = folder / name.replace("__", ".")
        data = text.encode()
        path.write_bytes(lzma.compress(data) if path.suffix == ".xz" else data)
        paths.append(path)
    return paths


def test_jsonl_and_compressed_and_tsv_say_the_same(tmp_path: Path) -> None:
    plain = BeirSet.open(*placed(tmp_path, c__jsonl=lines(CORPUS), q__jsonl=lines(QUERIES), r__tsv=QRELS))
    packed = BeirSet.open(*placed(tmp_path, c__jsonl__xz=lines(CORPUS), q__jsonl__xz=lines(QUERIES), r__tsv__xz=QRELS))
    tabbed = BeirSet.open(
        *placed(
            tmp_path,
            c__tsv="".join(f"{row['_id']}\t{row['title'] or ''}\t{row['text']}\n" for row in CORPUS),
            q__tsv="_id\ttext\r\n" + "".join(f"{row['_id']}\t{row['text']}\r\n" for row in QUERIES),
            qrels__tsv="q1 0 d1 1\nq2 0 d2 2\nq2 0 d1 0\n".replace(" ", "\t"),
        )
    )
    assert plain == packed == tabbed
    assert plain.passages["d1"] == ("就业", "全区新增就业四万人。")
    assert plain.qrels == {"q1": {"d1": 1}, "q2": {"d2": 2}}


def test_queries_without_a_relevant_passage_are_left_out(tmp_path: Path) -> None:
    beir = BeirSet.open(*placed(tmp_path, c__jsonl=lines(CORPUS), q__jsonl=lines(QUERIES), r__tsv=QRELS))
    assert list(beir.queries) == ["q1", "q2"]


@pytest.mark.parametrize("mode", ["dense", "lexical", "hybrid"])
def test_every_mode_gives_all_the_figures(tmp_path: Path, mode: Mode) -> None:
    beir = BeirSet.open(*placed(tmp_path, c__jsonl=lines(CORPUS), q__jsonl=lines(QUERIES), r__tsv=QRELS))
    scores = evaluate(beir, HashingEmbedder(dim=64), mode)
    assert set(scores) == KEYS | {"mode", "embedder"}
    assert (scores["passages"], scores["queries"], scores["mode"]) == (3, 2, mode)
    assert scores["embedder"] == "hashing-1"
    assert scores["recall@100"] == scores["hit@5"] == 1


def test_words_find_their_passages(tmp_path: Path) -> None:
    beir = BeirSet.open(*placed(tmp_path, c__jsonl=lines(CORPUS), q__jsonl=lines(QUERIES), r__tsv=QRELS))
    scores = evaluate(beir, HashingEmbedder(dim=64), "lexical")
    assert scores["hit@1"] == scores["mrr@10"] == scores["ndcg@10"] == 1


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"c__jsonl": '{"_id": "d1"}\n'}, "c.jsonl 第1行 不是 corpus 的一条记录：KeyError"),
        ({"q__jsonl": "[1]\n"}, "q.jsonl 第1行 不是 queries 的一条记录"),
        ({"r__tsv": "query-id\tcorpus-id\tscore\nq1\td1\tgood\n"}, "r.tsv 第2行 不是 qrels 的一条记录：ValueError"),
        ({"r__tsv": "query-id\tcorpus-id\tscore\nq9\td1\t1\n"}, "没有可用于评测的段落和问题"),
    ],
)
def test_a_broken_set_is_refused_with_its_line(tmp_path: Path, broken: dict[str, str], message: str) -> None:
    good = {"c__jsonl": lines(CORPUS), "q__jsonl": lines(QUERIES), "r__tsv": QRELS}
    with pytest.raises(InputError, match=message):
        BeirSet.open(*placed(tmp_path, **{**good, **broken}))


def test_a_missing_and_a_cut_file_are_refused(tmp_path: Path) -> None:
    corpus, queries, qrels = placed(tmp_path, c__jsonl__xz=lines(CORPUS), q__jsonl=lines(QUERIES), r__tsv=QRELS)
    with pytest.raises(InputError, match="读不了"):
        BeirSet.open(tmp_path / "none.jsonl", queries, qrels)
    corpus.write_bytes(corpus.read_bytes()[:-20])
    with pytest.raises(InputError, match="读不了"):
        BeirSet.open(corpus, queries, qrels)
