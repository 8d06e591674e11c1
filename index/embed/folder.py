"""Folders of models in formats of this project: a config that names their files with the SHA-256 of each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from index.errors import EmbedderError

EMBEDDED_FOLDER = Path(__file__).parents[1] / "embedded"
ENCODER_FOLDER, STATIC_FOLDER = EMBEDDED_FOLDER / "encoder", EMBEDDED_FOLDER / "static"
TOKENIZER_FILE = "tokenizer.json"
CONFIG_FILE = "config.json"
REINSTALL = "Reinstall wenju, or restore the folder from its repository."


def files_of(folder: Path) -> frozenset[str]:
    """The files that a folder says it holds; none where it is no model of this project."""
    path = folder / CONFIG_FILE
    hashes = _read_json(path).get("sha256") if path.is_file() else None
    return frozenset(hashes) if isinstance(hashes, dict) else frozenset()


def checked_folder(folder: Path, files: Sequence[str]) -> Mapping[str, Any]:
    """The config of a folder whose `files` are whole; raises EmbedderError."""
    config = _read_config(folder, files)
    for name in files:
        _check_file(folder / name, config["sha256"][name])
    return config


def fingerprint_of(config: Mapping[str, Any]) -> str:
    """Name, version and the start of the hash of the hashes of all files."""
    joined = "".join(config["sha256"].values())
    return f"{config['name']}-{config['version']}@{hashlib.sha256(joined.encode()).hexdigest()[:16]}"


def sha256(path: Path) -> str:
    """The hash of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_config(folder: Path, files: Sequence[str]) -> dict[str, Any]:
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise EmbedderError(f"The model folder {folder} has no {CONFIG_FILE}.", REINSTALL)
    config = _read_json(path)
    hashes = config.get("sha256")
    if not {"name", "version"} <= config.keys() or not (
        isinstance(hashes, dict) and all(isinstance(hashes.get(name), str) for name in files)
    ):
        raise EmbedderError(f"{path} does not describe a model of this kind.", REINSTALL)
    return config


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EmbedderError(f"{path} cannot be read: {error}.", REINSTALL) from error
    return found if isinstance(found, dict) else {}


def _check_file(path: Path, expected: str) -> None:
    try:
        actual = sha256(path)
    except OSError as error:
        raise EmbedderError(f"The model file {path} is missing or unreadable.", REINSTALL) from error
    if actual != expected:
        raise EmbedderError(
            f"The model file {path} is damaged: SHA-256 {actual[:12]}… instead of {expected[:12]}….", REINSTALL
        )
