"""The embedded encoder: multilingual-e5-small, cut to the pieces that Chinese and English need, trained further.

`start` counts the pieces of the training texts and keeps the most frequent. `learn` goes on from E5's weights with the
pairs of the static model, each text behind E5's prompt, in-batch and mined negatives, at a low rate; the vectors of
pieces and the lowest layers stay as they are. `mixed` is the mean of the weights before and after, which keeps more of
what E5 knows about texts that the pairs do not hold (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.embed.e5 import PROMPTS
from index.embed.folder import TOKENIZER_FILE
from index.embed.graph import Tensors, layers_of
from index.embed.pretrained import WORDS, Pretrained, tokenizer_of, write_folder
from index.training import sources
from index.training.train import Batch, Sampler, contrastive_loss

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from transformers import BertModel

Report = Callable[[int, str, float], None]
Rows = Sequence[NDArray[np.int64]]
NAME, VERSION = "wenju-encoder-zh-en", "1.0"
PIECES = 40_000
MARKS = 4  # <s>, <pad>, </s> and <unk> come first
AT_ONCE = 32  # texts of like length
START, CHECKPOINT = "start.npz", "encoder.pt"
# Shares of the batches: whole questions and sentences in both languages; words alone are the static model's.
SHARES = {
    "news_rest": 0.06, "news_questions": 0.13, "headlines": 0.08, "laws": 0.08, "statutes": 0.06, "spoken": 0.08,
    "reworded": 0.12, "reports": 0.10, "cmrc": 0.11, "drcd": 0.06, "english": 0.05, "report_english": 0.04,
    "ntrex": 0.03,
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """How the encoder is trained further."""

    steps: int = 1200
    batch: int = 64  # pairs
    rate: float = 3e-5
    scale: float = 50.0
    frozen: int = 6  # layers that stay as they are, from the lowest
    longest: tuple[int, int] = (40, 72)  # pieces of a question and of a passage that are read
    hard: float = 0.5
    seed: int = 20250301
    checkpoint_every: int = 50


def counted(tokenizer: Tokenizer, train: Path) -> Counter[int]:
    """How often each piece stands in the training texts, in both languages and both scripts."""
    readings = (reading.question + reading.passage for read in (sources.cmrc, sources.drcd) for reading in read(train))
    texts: Iterator[str] = chain(
        ("".join(article) for article in sources.news(train)),
        ("".join(section.sentences) for section in chain(sources.laws(train), sources.reports(train))),
        readings,
        (side for pair in sources.english(train) for side in pair),
        (english for english, _ in sources.many_languages(train)),
        (side for row in sources.ntrex_rows(train) for side in row[:2]),
        (f"{a} {b} {' '.join(glosses)}" for a, b, glosses in sources.dictionary(train)),
    )
    found: Counter[int] = Counter()
    while block := [text for text, _ in zip(texts, range(2000), strict=False)]:
        for encoding in tokenizer.encode_batch_fast(block, add_special_tokens=False):
            found.update(encoding.ids)
    return found


def start(whole: Pretrained, train: Path, pieces: int = PIECES) -> Pretrained:
    """The encoder with its marks and the pieces that the training texts need most, in their old order."""
    frequent = counted(tokenizer_of(whole.pieces), train).most_common(pieces)
    return whole.cut(sorted({*range(MARKS), *(piece for piece, _ in frequent)}))


def save(encoder: Pretrained, folder: Path) -> None:
    """Keep an encoder to be trained further: its tensors, its pieces, and the tokenizer for `prepare`."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Any] = dict(encoder.tensors)
    np.savez(folder / START, **tensors)
    shape = {"pieces": encoder.pieces, "heads": encoder.heads, "epsilon": encoder.epsilon}
    (folder / "start.json").write_text(json.dumps(shape, ensure_ascii=False), "utf-8")
    tokenizer_of(encoder.pieces).save(str(folder / TOKENIZER_FILE))


def load(folder: Path) -> Pretrained:
    """What `save` kept."""
    shape = json.loads((folder / "start.json").read_text("utf-8"))
    with np.load(folder / START) as tensors:
        pieces = [(piece, score) for piece, score in shape["pieces"]]
        return Pretrained(dict(tensors), pieces, shape["heads"], shape["epsilon"])


def bert(encoder: Pretrained) -> BertModel:
    """The encoder in torch."""
    import torch
    from transformers import BertConfig, BertModel

    places = encoder.tensors["embeddings.position_embeddings.weight"]
    inner = encoder.tensors["encoder.layer.0.intermediate.dense.weight"]
    config = BertConfig(
        vocab_size=len(encoder.tensors[WORDS]),
        hidden_size=places.shape[1],
        num_hidden_layers=layers_of(encoder.tensors),
        num_attention_heads=encoder.heads,
        intermediate_size=len(inner),
        max_position_embeddings=len(places),
        type_vocab_size=1,
        layer_norm_eps=encoder.epsilon,
        pad_token_id=1,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in encoder.tensors.items()})
    return model


def learn(encoder: Pretrained, sampler: Sampler, plan: Plan, folder: Path, report: Report) -> None:
    """Train further, on a GPU where there is one. Goes on from the checkpoint in `folder`, if there is one."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model: Any = bert(encoder)
    model.to(device)
    tokenizer = tokenizer_of(encoder.pieces)
    ahead = [tokenizer.encode(PROMPTS[side]).ids[:-1] for side in ("query", "passage")]  # with <s>, without </s>
    learned = [
        parameter
        for name, parameter in model.named_parameters()
        if not name.startswith(("embeddings.", *(f"encoder.layer.{i}." for i in range(plan.frozen))))
    ]
    for parameter in model.parameters():
        parameter.requires_grad = any(parameter is one for one in learned)
    optimizer = torch.optim.AdamW(learned, lr=plan.rate, weight_decay=0.01)
    done, path = 0, folder / CHECKPOINT
    if path.is_file():
        saved = torch.load(path, weights_only=True, map_location=device)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        done = saved["step"]
    for step in range(done, plan.steps):
        name, batch = sampler.batch(step)
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * min((step + 1) / (0.03 * plan.steps + 1), 1 - step / plan.steps)
        with torch.autocast(device, torch.bfloat16):
            made = vectors(model, _texts(batch, ahead, plan), device)
        loss = contrastive_loss(made, torch.from_numpy(batch.groups).to(device), plan.scale)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        report(step + 1, name, float(loss.detach()))
        if (step + 1) % plan.checkpoint_every == 0 or step + 1 == plan.steps:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            _checkpoint(path, **state, step=step + 1, plan=asdict(plan))


def learned(folder: Path) -> Tensors:
    """The tensors of the last checkpoint."""
    import torch

    saved = torch.load(folder / CHECKPOINT, weights_only=True, map_location="cpu")
    return {name: value.float().numpy() for name, value in saved["model"].items()}


def plan_of(folder: Path) -> dict[str, object]:
    """How the last checkpoint was trained, and how many steps of that are done."""
    import torch

    saved = torch.load(folder / CHECKPOINT, weights_only=True, map_location="cpu")
    return {**saved["plan"], "steps_done": saved["step"]}


def _checkpoint(path: Path, **state: Any) -> None:
    """Write the state so that a killed run can go on; the old file stays until the new one is whole."""
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    torch.save(state, fresh)
    fresh.replace(path)


def _texts(batch: Batch, ahead: Sequence[Sequence[int]], plan: Plan) -> list[list[int]]:
    """The pieces of each text of a batch, behind its prompt and with both marks, cut to the longest."""
    pieces = batch.rows[batch.local]
    ends = [*batch.starts[1:], len(pieces)]
    asked = len(batch.starts) - len(batch.groups)
    sides = [0] * asked + [1] * len(batch.groups)
    return [
        [*ahead[side], *pieces[begin : min(end, begin + plan.longest[side])].tolist(), 2]
        for side, begin, end in zip(sides, batch.starts, ends, strict=True)
    ]


def vectors(model: BertModel, texts: Sequence[Sequence[int]], device: str) -> torch.Tensor:
    """The mean state of each text, (n, width); texts of like length are read together."""
    import torch

    by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    found = []
    for begin in range(0, len(texts), AT_ONCE):
        group = [torch.tensor(texts[i]) for i in by_length[begin : begin + AT_ONCE]]
        pieces = torch.nn.utils.rnn.pad_sequence(group, batch_first=True, padding_value=-1).to(device)
        mask = pieces >= 0
        states = model(input_ids=pieces.clamp(min=1), attention_mask=mask.long()).last_hidden_state.float()
        found.append((states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True))
    return torch.cat(found)[torch.from_numpy(np.argsort(by_length)).to(device)]


def mixed(before: Tensors, after: Tensors, share: float) -> Tensors:
    """`share` of what was learned, on top of what was there."""
    return {name: before[name] + share * (after[name] - before[name]) for name in before}


def export(encoder: Pretrained, folder: Path, made: Mapping[str, object]) -> None:
    """Write the files of the encoder that ships; `made` is kept in the config as a record."""
    write_folder(encoder, folder, NAME, VERSION, PROMPTS, made)
