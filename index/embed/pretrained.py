"""A BERT encoder in memory, as numpy tensors with the pieces of its vocabulary, and how it becomes a folder of this
project's format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.embed.encoder import ENCODER_FILE, write_config
from index.embed.folder import TOKENIZER_FILE
from index.embed.graph import Tensors, write_encoder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WORDS = "embeddings.word_embeddings.weight"


@dataclass(frozen=True)
class Pretrained:
    """An encoder with the pieces of its vocabulary: row i of the vectors of pieces is that of `pieces[i]`."""

    tensors: Tensors
    pieces: Sequence[tuple[str, float]]  # with the score of each in the unigram model
    heads: int
    epsilon: float

    def cut(self, kept: Sequence[int]) -> Pretrained:
        """The same encoder with these pieces alone, in this order."""
        tensors = {**self.tensors, WORDS: self.tensors[WORDS][list(kept)]}
        return Pretrained(tensors, [self.pieces[i] for i in kept], self.heads, self.epsilon)


def write_folder(
    encoder: Pretrained, folder: Path, name: str, version: str, prompts: Mapping[str, str], made: Mapping[str, object]
) -> None:
    """Write the int8 encoder, its tokenizer and its config; `made` is kept in the config as a record."""
    folder.mkdir(parents=True, exist_ok=True)
    text = tokenizer_of(encoder.pieces).to_str()
    compact = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    (folder / TOKENIZER_FILE).write_text(compact, "utf-8")
    write_encoder(encoder.tensors, encoder.heads, encoder.epsilon, folder / ENCODER_FILE)
    write_config(folder, name, version, encoder.tensors[WORDS].shape[1], prompts, made=dict(made))


def tokenizer_of(pieces: Sequence[tuple[str, float]]) -> Tokenizer:
    """The tokenizer of pieces that begin with <s>, <pad>, </s> and <unk>."""
    from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
    from tokenizers.models import Unigram

    made = Tokenizer(Unigram(list(pieces), unk_id=3))
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    special = [(pieces[0][0], 0), (pieces[2][0], 2)]
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=special)
    return made
