"""`wenju model export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.cli.messages import Messages

model_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)


@model_app.callback()
def model() -> None:
    """向量模型。"""


@model_app.command()
def export(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="sentence-transformers 模型的文件夹。")],
) -> None:
    """把模型写成 ONNX（原精度和 int8），之后 build 可用 --embedder-backend onnx 或 onnx-int8。"""
    from index.embed.onnx import export as write

    say: Messages = context.obj
    for path in write(folder):
        print(say("exported", folder=path, size=f"{path.stat().st_size / 1e6:.1f} MB"))
