"""The training package: what it makes pairs of, the arithmetic of a step, and a very small run from end to end."""

import json
import lzma
import re
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest
from conftest import NEEDS_TORCH
from hypothesis import given
from hypothesis import strategies as st

from index.embed.embedder import load_embedder
from index.text.everyday import EVERYDAY
from index.text.questions import question_from
from index.training import citations, glosses, mine, sources
from index.training.__main__ import app
from index.training.arrays import PairArrays, Ragged, encode, load, save
from index.training.card import write_card
from index.training.evaluate import LANGUAGES, Task, beir, held_out, ndcg, rank, score
from index.training.export import export, quantise
from index.training.merge import merged
from index.training.pairs import HARD, SOURCES, Pair, Source
from index.training.tokenizer import train as train_tokenizer
from index.training.train import Settings

TOPICS = {
    "就业": ["新增就业四万人", "找到工作的人", "帮助毕业生就业", "就业岗位很多"],
    "学校": ["新建学校两所", "增加学位", "上学名额", "老师和学生"],
    "公园": ["建成口袋公园", "绿地和花草", "公园里散步", "植树造林"],
    "道路": ["打通道路", "修路通车", "停车位不够", "公交线路"],
}


def topic_pairs() -> list[Pair]:
    """Texts of one topic answer each other."""
    return [
        Pair((one,), (other,), group)
        for group, texts in enumerate(TOPICS.values())
        for one in texts
        for other in texts
        if one != other
    ]


ragged_rows = st.lists(st.lists(st.integers(0, 60_000), min_size=1, max_size=9), min_size=1, max_size=9)


def ragged(rows: list[list[int]]) -> Ragged:
    starts = np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64)
    return Ragged(np.array([token for row in rows for token in row], dtype=np.uint16), starts)


def rows_of(found: Ragged) -> list[list[int]]:
    return [found.tokens[a:b].tolist() for a, b in zip(found.starts[:-1], found.starts[1:], strict=True)]


@given(ragged_rows, st.data())
def test_taking_rows_gives_those_rows_in_that_order(rows: list[list[int]], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=9))
    assert rows_of(ragged(rows).take(np.array(chosen))) == [rows[number] for number in chosen]


@given(ragged_rows, st.floats(0, 1), st.integers(0, 99))
def test_thinning_keeps_order_and_at_least_one_token(rows: list[list[int]], share: float, seed: int) -> None:
    thinned = rows_of(ragged(rows).thin(share, np.random.default_rng(seed)))
    assert len(thinned) == len(rows)
    for kept, row in zip(thinned, rows, strict=True):
        rest = iter(row)
        assert kept
        assert all(token in rest for token in kept)


def test_made_question_asks_for_a_figure_and_keeps_the_subject() -> None:
    made = {question_from("今年计划增加停车泊位3300个以上，改善出行。", Random(seed)) for seed in range(60)}
    asked = [question for question in made if question and re.search("多少|几", question)]
    assert asked
    assert all("3300" not in question for question in asked if "泊位" in question and "改善" not in question)
    assert question_from("好。", Random(0)) is None


def test_table_of_everyday_words_has_no_empty_or_double_entry() -> None:
    officials = [official for official, _ in EVERYDAY]
    assert len(set(officials)) == len(officials)
    assert all(plain and official not in plain for official, plain in EVERYDAY)


def test_entries_that_share_a_gloss_are_synonyms() -> None:
    entries = [("老師", "老师", ["teacher"]), ("教師", "教师", ["Teacher"]), ("公園", "公园", ["park (for leisure)"])]
    assert list(glosses.synonyms(entries)) == [("教师", "老师")]
    assert sources.clean_gloss("park (for leisure) [gong1 yuan2]") == "park"
    assert sources.clean_gloss("CL:個|个[ge4]") == ""


def test_every_source_has_a_share_and_a_name_of_its_own() -> None:
    assert len({source.name for source in SOURCES}) == len(SOURCES)
    assert sum(source.share for source in SOURCES) == pytest.approx(1, abs=0.05)
    assert all(source.share > 0 and 0 <= source.dropout < 0.5 for source in SOURCES)


def test_quantised_rows_are_within_half_a_step() -> None:
    weights = np.random.default_rng(1).normal(size=(50, 32)).astype(np.float32)
    weights[7] = 0
    embedding, scale = quantise(weights)
    assert embedding.dtype == np.int8
    assert np.abs(embedding * scale[:, None] - weights).max() <= scale.max() / 2 + 1e-7
    assert not (embedding[7] * scale[7]).any()


def test_merging_undoes_a_rotation_and_averages_what_is_left() -> None:
    rng = np.random.default_rng(8)
    table = rng.normal(size=(50, 6)).astype(np.float32)
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    np.testing.assert_allclose(merged([table, 3 * table @ turn.astype(np.float32)]), table, atol=1e-5)
    noisy = [table + rng.normal(scale=0.2, size=table.shape).astype(np.float32) for _ in range(4)]
    assert np.linalg.norm(merged(noisy) - table) < 0.7 * np.linalg.norm(noisy[0] - table)


def test_ranking_agrees_with_sorting_all_scores() -> None:
    rng = np.random.default_rng(2)
    queries, passages = (rng.normal(size=(n, 8)).astype(np.float32) for n in (300, 150))
    expected = np.argsort(-(queries @ passages.T), axis=1)[:, :10].tolist()
    assert rank(queries, passages, np.arange(150), 10) == expected


def test_ranking_gives_a_document_the_score_of_its_best_passage() -> None:
    rng = np.random.default_rng(3)
    queries, passages = (rng.normal(size=(n, 8)).astype(np.float32) for n in (70, 150))
    owner = np.sort(np.concatenate((np.arange(40), rng.integers(0, 40, 110))))
    best = [[max(row[owner == document]) for document in range(40)] for row in queries @ passages.T]
    assert rank(queries, passages, owner, 10) == np.argsort(-np.array(best), axis=1)[:, :10].tolist()


def test_ndcg_of_known_rankings() -> None:
    assert ndcg([3, 1, 2], frozenset({3})) == pytest.approx(1)
    assert ndcg([1, 3, 2], frozenset({3})) == pytest.approx(1 / np.log2(3))
    assert ndcg([3, 9, 4], frozenset({3, 4})) == pytest.approx((1 + 1 / 2) / (1 + 1 / np.log2(3)))
    assert ndcg([1, 2], frozenset({3})) == 0


def test_score_of_a_task_that_the_shipped_model_must_solve() -> None:
    texts = ["预期新增就业4万人", "新建口袋公园8处。" + "培育有影响力的文艺精品，" * 9, "改造供热管网30公里"]
    task = Task(
        "tiny",
        [("", text) for text in texts],
        ["公园要建几个？", "暖气管道改造多少？"],
        [frozenset({1}), frozenset({2})],
    )
    found = score(load_embedder(), task)
    assert found["recall@1"] == found["ndcg@10"] == 1
    assert (found["documents"], found["questions"]) == (3, 2)
    assert score(load_embedder(), task, whole=True)["passages"] == 3 < found["passages"]


def test_benchmark_is_read_with_titles_and_restricted_by_id(tmp_path: Path) -> None:
    corpus = [{"_id": "dev0", "title": "甲", "text": "乙"}, {"_id": "train0", "title": "", "text": "丙"}]
    write(tmp_path / "corpus.jsonl.xz", [json.dumps(row) for row in corpus])
    write(tmp_path / "queries.jsonl.xz", [json.dumps({"_id": f"q{n}", "text": f"问{n}"}) for n in range(3)])
    write(tmp_path / "qrels.tsv.xz", ["query-id\tcorpus-id\tscore", "q0\tdev0\t1", "q1\ttrain0\t1", "q2\tdev0\t0"])
    assert beir("all", tmp_path).relevant == [frozenset({0}), frozenset({1})]
    kept = beir("dev", tmp_path, "dev")
    assert (kept.documents, kept.questions, kept.relevant) == ([("甲", "乙")], ["问0"], [frozenset({0})])


def write(path: Path, lines: list[str]) -> None:
    with lzma.open(path, "wt", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")


def test_tokenizer_learns_whole_words_and_skips_unknown_characters() -> None:
    learned = train_tokenizer(iter(["新增 就业 岗位", "就业 人数 12"] * 20), 60)
    assert learned.encode("新增就业").tokens == ["新增", "就业"]
    assert learned.encode("12，21").tokens == ["1", "2", "2", "1"]
    assert learned.encode("鑫☃").tokens == []


def test_pairs_survive_the_disk_and_empty_sides_are_left_out(tmp_path: Path) -> None:
    learned = train_tokenizer(iter(["就业 学校 公园"] * 3), 40)
    made = encode(learned, [Pair(("就业",), ("学校", "公园"), 5), Pair(("☃",), ("学校",), 6)], 10)
    save(made, tmp_path / "one")
    again = load(tmp_path / "one")
    assert again.groups.tolist() == [5]
    assert rows_of(again.passages) == [learned.encode("学校公园").ids]


@pytest.mark.usefixtures("one_thread")
def test_gradient_of_a_step_is_that_of_the_whole_table() -> None:
    torch = pytest.importorskip("torch", reason=NEEDS_TORCH)
    from index.training.train import contrastive_loss, make_batch

    queries, passages = ragged([[1, 2, 2], [4]]), ragged([[5, 1], [6, 7, 8]])
    groups = np.array([0, 1])
    batch = make_batch(queries, passages, groups, 10)
    table = torch.randn(10, 4, generator=torch.Generator().manual_seed(3)).requires_grad_()
    sides = [table[row].mean(dim=0) for row in rows_of(queries) + rows_of(passages)]
    contrastive_loss(torch.stack(sides), torch.from_numpy(groups), 20.0).backward()
    few = table.detach()[batch.rows].requires_grad_()
    bags = torch.nn.functional.embedding_bag(
        torch.from_numpy(batch.local), few, torch.from_numpy(batch.starts), mode="mean"
    )
    contrastive_loss(bags, torch.from_numpy(groups), 20.0).backward()
    torch.testing.assert_close(few.grad, table.grad[batch.rows])


def test_further_wrong_passages_count_against_the_queries_alone() -> None:
    torch = pytest.importorskip("torch", reason=NEEDS_TORCH)
    from index.training.train import contrastive_loss

    alike = torch.ones(2 + 3, 2)
    loss = contrastive_loss(alike, torch.tensor([0, 1, 2]), 20.0)
    assert loss == pytest.approx((np.log(3) + np.log(2)) / 2)
    assert contrastive_loss(alike, torch.tensor([0, 1, 1]), 20.0) == pytest.approx(
        (np.log(3) / 2 + np.log(2) / 2 + np.log(2)) / 2
    )


@pytest.mark.parametrize("by", ["bm25", "model"])
def test_mined_negatives_are_the_most_alike_of_other_groups(by: str) -> None:
    rng = np.random.default_rng(5)
    queries = [rng.choice(30, 4, replace=False).tolist() for _ in range(60)]
    passages = [[*query[:3], *rng.integers(0, 30, 5).tolist()] for query in queries]
    pairs = PairArrays(ragged(queries), ragged(passages), np.arange(60) // 2)
    weights = rng.normal(size=(30, 16)).astype(np.float32)
    found = mine.mine(pairs, mine.by_bm25 if by == "bm25" else mine.by_model(weights), seed=1)
    assert found.shape == (60, mine.PER_PAIR)
    for number, negatives in enumerate(found):
        if by == "bm25":
            document = Counter(token for passage in passages for token in set(passage))
            idf = {token: np.log(1 + (60 - n + 0.5) / (n + 0.5)) for token, n in document.items()}
            scores = [
                sum(idf[t] * (tf := p.count(t)) / (tf + 1.5) for t in set(queries[number]) if t in p) for p in passages
            ]
        else:
            unit = [v / np.linalg.norm(v) for v in (weights[p].mean(axis=0) for p in passages)]
            asked = weights[queries[number]].mean(axis=0)
            scores = [float(v @ asked / np.linalg.norm(asked)) for v in unit]
        wrong = {i for i in range(60) if i // 2 != number // 2 and 0 < scores[i] < mine.TOO_GOOD * scores[number]}
        kept = {int(n) for n in negatives if n >= 0}
        assert kept <= wrong
        assert len(kept) == min(mine.PER_PAIR, len(wrong))
        assert all(scores[k] >= scores[w] - 1e-4 for k in kept for w in wrong - kept)


def test_a_batch_brings_mined_negatives_along() -> None:
    from index.training.train import Sampler

    rows = ragged([[n] for n in range(40)])
    negatives = np.full((40, 1), -1)
    negatives[:10] = 39
    pairs = {"one": PairArrays(rows, rows, np.arange(40), negatives)}
    settings = Settings(steps=2, batch=20, hard=1.0)
    batches = [
        Sampler(pairs, settings, shares={"one": 1}, dropout={"one": 0.0}, pieces=40).batch(step)[1] for step in (0, 1)
    ]
    assert sorted(len(batch.groups) for batch in batches) in ([20, 21], [20, 20])
    assert all(len(batch.starts) == 20 + len(batch.groups) for batch in batches)
    assert any(len(batch.groups) == 21 and batch.groups[-1] == 39 for batch in batches)


def test_an_event_is_paired_with_the_article_it_cites_without_its_name() -> None:
    text = "当事人销售过期食品，依据《中华人民共和国食品安全法》第五十四条的规定处以罚款。"
    assert list(citations.cited(text)) == [("食品安全法", "第五十四条")]
    assert list(citations.cited("违反本法第三条的", own="公园条例")) == [("公园条例", "第三条")]
    assert "食品安全法" not in citations.without_citations(text)


def test_pairs_of_one_group_are_not_each_others_wrong_answers() -> None:
    torch = pytest.importorskip("torch", reason=NEEDS_TORCH)
    from index.training.train import contrastive_loss

    sides = torch.eye(2).repeat(2, 1)
    assert contrastive_loss(sides * 0 + 1, torch.tensor([4, 4]), 20.0) == 0
    assert contrastive_loss(sides * 0 + 1, torch.tensor([4, 5]), 20.0) == pytest.approx(np.log(2))


@pytest.mark.usefixtures("one_thread")
def test_a_small_run_learns_goes_on_after_a_stop_and_exports(tmp_path: Path) -> None:
    from index.training import train as loop

    texts = [text for group in TOPICS.values() for text in group]
    learned = train_tokenizer(iter(texts * 5), 200)
    learned.save(str(tmp_path / "tokenizer.json"))
    pairs = {"topics": encode(learned, topic_pairs(), 1000)}
    settings = Settings(steps=40, batch=16, dim=16, learning_rate=0.05, checkpoint_every=10)
    sampler = loop.Sampler(
        pairs, settings, shares={"topics": 1.0}, dropout={"topics": 0.1}, pieces=learned.get_vocab_size()
    )
    losses: list[float] = []

    def train(folder: Path, stop_after: int) -> loop.State:
        saved = loop.load_checkpoint(folder)
        state = saved[0] if saved else loop.new_state(learned.get_vocab_size(), settings)

        def report(step: int, _: str, loss: float) -> None:
            losses.append(loss)
            if step == stop_after:
                raise KeyboardInterrupt

        return loop.run(state, sampler, settings, folder, report)

    whole = train(tmp_path / "whole", -1)
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) / 2
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "stopped", 25)
    resumed = train(tmp_path / "stopped", -1)
    assert resumed.step == whole.step == 40
    np.testing.assert_allclose(resumed.weights.numpy(), whole.weights.numpy(), atol=1e-6)

    export(whole.weights.numpy(), tmp_path / "tokenizer.json", tmp_path / "model", {"steps": 40})
    embedder = load_embedder(str(tmp_path / "model"))
    question, *others = embedder.embed_passages(["找到工作的人", "新增就业四万人", "绿地和花草", "修路通车"])
    assert int((np.array(others) @ question).argmax()) == 0


ARTICLE = (
    "2023年全市新增就业4万人。开工改造老旧小区17个，建成口袋公园8处。一般公共预算收入增长5%，居民收入稳步提高！"
    "新增学位3300个，改扩建中小学5所；打通未贯通道路4条，新增停车泊位2000个。"
)
ASKED = "今年招聘教师20名。老旧小区什么时候改造？今年改造17个。在公园里砍树，根据《公园条例》第一条的规定要受罚。"
ENTRIES = ["老師\t老师\tteacher", "教師\t教师\tteacher", "公園\t公园\tpark", "學校\t学校\tschool"]
WORDS = [
    "就业\t就业\tto find employment",
    "收入\t收入\tincome/revenue",
    "增長\t增长\tto grow",
    "全市\t全市\twhole city",
]


def small_data(folder: Path) -> Path:
    """A data folder with a few lines in each file, in the form of the real ones."""

    def lines(rows: list[dict[str, object]]) -> list[str]:
        return [json.dumps(row, ensure_ascii=False) for row in rows]

    readings = lines([
        {"question": f"{year}年新增就业多少人？", "passage": ARTICLE.replace("2023", str(year)), "answers": ["4万人"]}
        for year in range(1990, 2024)
    ])  # fmt: skip
    train = folder / "train"
    train.mkdir(parents=True)
    news = [ARTICLE.replace("2023", str(year)) + ASKED for year in range(1500, 2024)]
    write(train / "news.txt.xz", news)
    write(train / "cctv_headlines.jsonl.xz", lines([{"title": "城市更新", "body": ARTICLE, "date": "20230101"}] * 3))
    write(train / "laws.jsonl.xz", lines([
        {"law": "公园条例(2020-05-14)", "section": "第一章  总则", "article": "第一条", "text": ARTICLE}
    ] * 3))  # fmt: skip
    write(train / "state_council_reports.jsonl.xz", lines([
        {"title": "2023年政府工作报告", "year": "2023", "text": f"各位代表：\n一、工作回顾\n{ARTICLE}"}
    ]))  # fmt: skip
    write(train / "cmrc2018_train.jsonl.xz", readings)
    write(train / "drcd_dev.jsonl.xz", readings)
    write(train / "zh_en.tsv.xz", [f"tatoeba\tThe city has {n} parks.\t全市有{n}个公园。" for n in range(300)])
    write(train / "state_council_zh_en.tsv.xz", ["2025\tJobs rose.\t就业增长。"] * 3)
    write(train / "tatoeba_multi.tsv.xz", ["deu\tSchool is open.\tDie Schule ist offen."] * 3)
    translated = ["\t".join([f"New jobs {n}", "新增就业", *["x"] * 14]) for n in range(1000)]
    write(train / "ntrex_first1000.tsv.xz", ["\t".join(("eng", "zho-CN", *LANGUAGES[1:], *"abcdef")), *translated])
    write(train / "cedict.tsv.xz", ENTRIES + WORDS)
    for name in ("cmrc2018_dev", "stard"):
        bench = folder / "bench" / name
        bench.mkdir(parents=True)
        write(bench / "corpus.jsonl.xz", lines([{"_id": "dev0", "title": "", "text": "新增就业4万人"}]))
        write(bench / "queries.jsonl.xz", lines([{"_id": "q0", "text": "就业"}]))
        write(bench / "qrels.tsv.xz", ["query-id\tcorpus-id\tscore", "q0\tdev0\t1"])
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_data(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_every_source_makes_pairs_again_the_same(data: Path, source: Source) -> None:
    made = list(source.make(data / "train", Random("1")))
    assert all("".join(pair.query) for pair in made)
    assert sum(bool("".join(pair.passage)) for pair in made) > len(made) / 2
    assert made == list(source.make(data / "train", Random("1")))


def test_texts_that_are_held_out_are_in_no_pair(data: Path) -> None:
    task = held_out(data / "train")
    kept = {task.documents[number][1] for relevant in task.relevant for number in relevant}
    assert 0 < len(kept) < 34
    for source in SOURCES:
        if source.name.startswith("cmrc"):
            years = {text[:5] for pair in source.make(data / "train", Random("2")) for text in pair.passage}
            assert not years & {text[:5] for text in kept}


@pytest.mark.usefixtures("one_thread")
def test_the_steps_of_the_command_line_follow_each_other(data: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    def step(*words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--work", str(tmp_path / "work")])
        assert done.exit_code == 0, done.output
        return done.output

    model = str(tmp_path / "model")
    step("tokenizer", "--data", str(data))
    assert step("prepare", "--data", str(data)).count("pairs") == len(SOURCES)
    assert step("mine", "--by", "bm25").count("filled") == len(HARD)
    step("train", "--steps", "3", "--dim", "8", "--batch", "64", "--hard", "0.5")
    refused = CliRunner().invoke(app, ["ablate", "--data", str(data), "--only", "full run", "--work", str(tmp_path)])
    assert "run the steps `tokenizer` to `train`" in " ".join(refused.output.replace("│", "").split())
    (tmp_path / "work" / "pieces-32000").symlink_to(tmp_path / "work")
    shown = step("ablate", "--data", str(data), "--only", "full run", "--write", str(tmp_path / "ablation.md"))
    assert shown.count("variant") == (tmp_path / "ablation.md").read_text("utf-8").count("| full run, ") == 6
    assert step("ablate", "--data", str(data), "--only", "full run") == ""  # measured once
    second = str(tmp_path / "second")
    run = ("--steps", "3", "--dim", "8", "--batch", "64", "--seed", "7", "--prepared", str(tmp_path / "work"))
    assert CliRunner().invoke(app, ["train", "--work", second, *run]).exit_code == 0
    assert "after 3 steps, runs averaged: 2" in step("export", "--model", model, "--also", second)
    assert "stard: documents=1" in step("evaluate", "--data", str(data), "--model", model)
    step("card", "--model", model)
    card = (tmp_path / "model" / "README.md").read_text("utf-8")
    assert "| `cmrc2018_dev` | 1 | 1 | 1 | 1.000 |" in card
    assert "train --steps 3 --batch 64 --dim 8" in card
    assert "seeds of [20250301, 7]" in card
    scores = tmp_path / "work" / "scores.json"
    scores.write_text(scores.read_text("utf-8").replace('"sha256": {', '"sha256": {"other": "0",'), "utf-8")
    with pytest.raises(ValueError, match="measured other weights"):
        write_card(tmp_path / "model", scores)
