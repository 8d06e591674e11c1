"""Starting the server: everything that can be wrong is found before it listens."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from index.errors import WenjuError

ANYWHERE = ("", "0.0.0.0", "::")


class ServerError(WenjuError):
    """The server cannot start."""


class PortTaken(ServerError):
    """Another program listens on the port."""


def serve(index_dir: str | Path, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serves the page and the API until interrupted.

    Raises PortTaken or ServerError when the address cannot be used, what `rag.open_pipeline` raises when the index
    cannot be, and ChatUnavailable when the chat model in WENJU_LLM cannot. Names under which the server may be
    addressed besides localhost: `host` itself, and those in WENJU_ALLOWED_HOSTS (commas between).
    """
    check_address(host, port)
    import uvicorn

    from rag import open_pipeline
    from rag.generate import configured_chat
    from ui.api import create_app

    chat = configured_chat()
    app = create_app(open_pipeline(index_dir, chat=chat), hosts=allowed_hosts(host))
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
