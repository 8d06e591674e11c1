"""Starting the server: everything that can be wrong is found before it listens."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import IndexDamaged, WenjuError

if TYPE_CHECKING:
    from rag.answer.chat import ChatAnswerer
    from rag.pipeline import Pipeline

ANYWHERE = ("", "0.0.0.0", "::")


class ServerError(WenjuError):
    """The server cannot start."""


class PortTaken(ServerError):
    """Another program listens on the port."""


@dataclass(frozen=True, slots=True)
class IndexFolder:
    """The folder that `wenju build` writes new generations into while the server runs."""

    path: Path
    chat: ChatAnswerer | None = None

    def newest(self) -> str:
        """The name of the current generation. Raises IndexMissing or IndexDamaged."""
        from index.storage.generation import FILES, current_name, rebuild

        name = current_name(self.path)
        if not (self.path / name / FILES.manifest).is_file():
            raise IndexDamaged(f"索引 {self.path} 里没有 {name}。", rebuild(self.path))
        return name

    def open(self) -> Pipeline:
        """The current generation, verified. Raises what `rag.open_pipeline` raises."""
        from rag import open_pipeline

        return open_pipeline(self.path, chat=self.chat)


def serve(index_dir: str | Path, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serves the page and the API until interrupted; a new generation of the index is taken within seconds.

    Raises PortTaken or ServerError when the address cannot be used, what `rag.open_pipeline` raises when the index
    cannot be, and ChatUnavailable when the chat model in WENJU_LLM cannot. Names under which the server may be
    addressed besides localhost: `host` itself, and those in WENJU_ALLOWED_HOSTS (commas between).
    """
    check_address(host, port)
    import uvicorn

    from rag.answer.chat import configured_chat
    from ui.api.app import create_app

    folder = IndexFolder(Path(index_dir), configured_chat())
    app = create_app(folder.open(), folder=folder, hosts=allowed_hosts(host))
    print(f"问据已启动：http://{'127.0.0.1' if host in ANYWHERE else host}:{port}", flush=True)
    uvicorn.run(
        app, host=host, port=port, log_level="warning", server_header=False, ws="none", timeout_graceful_shutdown=3
    )


def check_address(host: str, port: int) -> None:
    """Raises PortTaken when something listens there, ServerError when the address is not ours to listen on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as uvicorn does
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            if getattr(error, "errno", None) == errno.EADDRINUSE:
                raise PortTaken(f"端口 {port} 已被占用。", f"换一个端口：wenju serve --port {port + 1}") from None
            raise ServerError(f"不能在 {host}:{port} 上启动：{error}。", "检查 --host 与 --port。") from None


def allowed_hosts(host: str, environment: str | None = None) -> Sequence[str]:
    """Host names that requests may carry, from the address and from WENJU_ALLOWED_HOSTS."""
    named = os.environ.get("WENJU_ALLOWED_HOSTS", "") if environment is None else environment
    hosts = [name.strip() for name in named.split(",") if name.strip()]
    return hosts if host in ANYWHERE else [host, *hosts]
