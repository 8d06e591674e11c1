"""Query + hits -> draft answer from a chat model, any that LangChain's `init_chat_model` reaches.

The model gets paragraphs as data and has no tools. It may be slow, gone, lying or broken: its time and the length of
its answer are bounded, after several failures it is left alone for a while, and what it says is only a draft.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from index.errors import WenjuError
from index.text.orders import instructs
from rag.answer import prompts
from rag.types import Draft, Query, Sentence
from rag.wording import sentences as phrase

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from index.storage.store import Store
    from index.types import Context, Paragraph
    from rag.retrieve.types import Ranked

MODEL, BASE_URL, API_KEY = "WENJU_LLM", "WENJU_LLM_BASE_URL", "WENJU_LLM_API_KEY"
INSTALL = 'pip install "wenju[chat]"'
MOST_PARAGRAPHS = 8
LONGEST_PARAGRAPH = 1500  # characters that a model is given of one paragraph
_OPENAI_LIKE = frozenset(("openai", "deepseek"))  # their clients take a limit of its own for connecting
_SENTENCE = re.compile(r"[^。！？!?\n]*?(?:[。！？!?]+|\n|\.(?=\s|\[|$)|$)[”」』）)]*(?:[ \t]*\[\d{1,3}\])*")
_MARKER = re.compile(r"(?<!\s)\s*+\[(\d{1,3})\]")
_WIDE_MARKER = re.compile(r"[\[【［](?:\^|来源|段落)?\s*(\d{1,3}(?:\s*[,，、]\s*\d{1,3})*)\s*[\]】］]")
_LIST_MARK = re.compile(r"^\s*(?:[-*•·]\s+|#+\s*|\d{1,2}[.、)）]\s*(?!\d)|[（(]\d{1,2}[)）]\s*)")
log = logging.getLogger(__name__)


class ChatUnavailable(WenjuError):
    """The configured chat model cannot be used; said before the first question."""


class ChatFailed(Exception):
    """The model gave no usable text; the message says why, for the user."""


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """Which model, and what it may cost. Times are seconds, lengths characters."""

    model: str  # “openai:qwen2.5”, “ollama:qwen2.5”, “deepseek:deepseek-chat” ...
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    connect: float = 5.0
    first_token: float = 15.0
    total: float = 60.0
    before_retry: float = 0.5
    longest: int = 4000
    failures: int = 3  # in a row, until the model is left alone
    pause: float = 60.0  # how long it is

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ChatSettings | None:
        """The settings in WENJU_LLM, WENJU_LLM_BASE_URL and WENJU_LLM_API_KEY; None when no model is named."""
        name, url, key = (environment.get(v, "").strip() for v in (MODEL, BASE_URL, API_KEY))
        return cls(name, url or None, key or None) if name else None


class Breaker:
    """Leaves a failing model alone: after `failures` in a row nothing is asked for `pause` seconds, then one question
    tries again."""

    def __init__(self, failures: int, pause: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._pause, self._clock = failures, pause, clock
        self._lock = threading.Lock()
        self._failed = 0
        self._until = 0.0

    def admits(self) -> bool:
        """Whether the model may be asked now; the one who tries it again keeps the others out."""
        with self._lock:
            if self._failed < self._most:
                return True
            if self._clock() < self._until:
                return False
            self._until = self._clock() + self._pause
            return True

    def note(self, *, failed: bool) -> None:
        """Counts how a question to the model ended."""
        with self._lock:
            self._failed = self._failed + 1 if failed else 0
            if failed:
                self._until = self._clock() + self._pause


class ChatAnswerer:
    """Asks one chat model. Safe to use from several threads; `close` ends its own."""

    def __init__(
        self, model: BaseChatModel, settings: ChatSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._model, self._settings = model, settings
        self.name = f"chat:{settings.model.partition(':')[2] or settings.model}"
        self._breaker = Breaker(settings.failures, settings.pause, clock)
        self._loop = asyncio.new_event_loop()  # one for all questions: the model's connections belong to it
        self._thread = threading.Thread(target=self._loop.run_forever, name="wenju-chat", daemon=True)
        self._thread.start()

    def draft(self, query: Query, offered: Sequence[tuple[Paragraph, Context]], store: Store) -> Draft:
        """What the model says, taken apart into sentences; none and a note when it failed or declined."""
        if not self._breaker.admits():
            return Draft(answerer=self.name, notes=(phrase.model_failed("连续失败，暂停使用"),))
        try:
            text = self._read(_messages(query, offered, store))
        except ChatFailed as error:
            self._breaker.note(failed=True)
            log.warning("chat model %s: %s", self.name, error)
            return Draft(answerer=self.name, notes=(phrase.model_failed(str(error)),))
        self._breaker.note(failed=False)
        if prompts.NO_ANSWER in text:
            return Draft(answerer=self.name, notes=(phrase.MODEL_DECLINED,))
        return Draft(sentences=tuple(sentences_of(text, [p.id for p, _ in offered])), answerer=self.name)

    def close(self) -> None:
        """Ends the connections and the thread; the answerer cannot be used afterwards."""
        asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _ended(self) -> None:
        await self._loop.shutdown_asyncgens()
        client = getattr(self._model, "http_async_client", None)
        if client is not None:
            await client.aclose()

    def _read(self, messages: list[BaseMessage]) -> str:
        """The model's whole answer. Raises ChatFailed."""
        try:
            text = self._wait(self._attempts(messages))
        except TimeoutError:
            raise ChatFailed("没有在限定时间内答完") from None
        except ChatFailed:
            raise
        except Exception as error:  # each provider's client has errors of its own
            raise ChatFailed(_told(error)) from error
        if not any(c.isalnum() for c in text):
            raise ChatFailed("回答是空的")
        return text

    def _wait(self, reading: Coroutine[Any, Any, str]) -> str:
        return asyncio.run_coroutine_threadsafe(reading, self._loop).result(self._settings.total + 1)

    async def _attempts(self, messages: list[BaseMessage]) -> str:
        """One answer within the time for all; tried once more when it failed before its first word."""
        async with asyncio.timeout(self._settings.total):
            for last in (False, True):
                parts: list[str] = []
                try:
                    return await self._once(messages, parts)
                except Exception as error:
                    if last or parts or not _passing(error):
                        raise
                await asyncio.sleep(self._settings.before_retry)
        raise AssertionError("the second attempt returns or raises")

    async def _once(self, messages: list[BaseMessage], parts: list[str]) -> str:
        length = 0
        async with asyncio.timeout(self._settings.first_token) as limit:
            async for chunk in self._model.astream(messages):
                if text := str(chunk.text):
                    limit.reschedule(None)  # from the first word on only the time for all counts
                    parts.append(text)
                    length += len(text)
                if length > self._settings.longest:
                    raise ChatFailed("回答太长")
        return "".join(parts)


def open_chat(settings: ChatSettings) -> ChatAnswerer:
    """The answerer that the settings name. Raises ChatUnavailable with what to install or to set."""
    name = settings.model
    provider = name.partition(":")[0] if ":" in name else ""
    if settings.base_url and urlsplit(settings.base_url).scheme not in ("http", "https"):
        raise ChatUnavailable(f"{BASE_URL} 不是网址：{settings.base_url}。", "写成 http://主机:端口/v1 的形式。")
    try:
        from langchain.chat_models import init_chat_model
    except ImportError:
        raise ChatUnavailable(f"{MODEL}={name} 须要 langchain，还没有安装。", f"请运行 {INSTALL}") from None
    given: dict[str, Any] = {"base_url": settings.base_url, "api_key": settings.api_key}
    given = {key: value for key, value in given.items() if value} | _limits(settings, provider)
    try:
        model = init_chat_model(name, temperature=0, max_retries=0, **given)
    except ImportError as error:
        package = match[1] if (match := re.search(r"pip install ([\w-]+)", str(error))) else f"langchain-{provider}"
        raise ChatUnavailable(f"{MODEL}={name} 须要 {package}，还没有安装。", f"请运行 pip install {package}") from None
    except Exception as error:  # noqa: BLE001 - each provider's client has errors of its own
        if type(error) is ValueError:
            remedy = "写成“提供方:模型”，如 openai:qwen2.5、ollama:qwen2.5、deepseek:deepseek-chat。"
            raise ChatUnavailable(f"看不懂 {MODEL}={name}。", remedy) from None
        remedy = f"请设 {API_KEY}，或提供方自己的变量；服务不要密钥时随便设一个。"
        raise ChatUnavailable(
            f"不能使用 {MODEL}={name}：没有密钥，或设置不对（{type(error).__name__}）。", remedy
        ) from None
    return ChatAnswerer(model, settings)


def configured_chat() -> ChatAnswerer | None:
    """The answerer that the environment of this process names; None when it names no model."""
    settings = ChatSettings.from_environment(os.environ)
    return open_chat(settings) if settings else None


def _limits(settings: ChatSettings, provider: str) -> dict[str, Any]:
    """What the provider's client takes as its limits, so that an abandoned connection ends as well. Clients of
    OpenAI's kind get connections of their own: LangChain's are shared by all models, whichever loop they run in."""
    if provider not in _OPENAI_LIKE:
        return {"timeout": settings.first_token}
    import openai

    limits = openai.Timeout(settings.total, connect=settings.connect)
    return {"timeout": limits, "http_async_client": openai.DefaultAsyncHttpxClient(timeout=limits)}


def offered(ranked: Sequence[Ranked], store: Store) -> list[tuple[Paragraph, Context]]:
    """The paragraphs of the best hits, each with the context of its best clause; none that speaks to a model."""
    best = {r.hit.passage.paragraph_id: r.hit.passage.context for r in reversed(ranked)}
    order = dict.fromkeys(r.hit.passage.paragraph_id for r in ranked)
    found = ((store.paragraph(id_), best[id_]) for id_ in order)
    return [(p, c) for p, c in found if p.citable and not instructs(p.text)][:MOST_PARAGRAPHS]


def _messages(query: Query, given: Sequence[tuple[Paragraph, Context]], store: Store) -> list[BaseMessage]:
    from langchain_core.messages import HumanMessage, SystemMessage

    texts = [
        (prompts.head(query, store.report(p.report_id).title, p.section, context), p.text[:LONGEST_PARAGRAPH])
        for p, context in given
    ]
    return [SystemMessage(prompts.system(query)), HumanMessage(prompts.request(query, texts))]


def sentences_of(text: str, ids: Sequence[str]) -> list[Sentence]:
    """The sentences of a model's answer, with the ids of the paragraphs that their markers number from 1; a number
    that stands for none is kept as “[n]”, so that the gate sees it."""
    plain = _WIDE_MARKER.sub(lambda m: "".join(f"[{n}]" for n in re.findall(r"\d+", m[1])), text.replace("**", ""))
    found = []
    for match in _SENTENCE.finditer(plain):
        words = _LIST_MARK.sub("", _MARKER.sub("", match[0])).strip()
        if any(c.isalnum() for c in words):
            numbers = [int(n) for n in _MARKER.findall(match[0])]
            cites = (ids[n - 1] if 0 < n <= len(ids) else f"[{n}]" for n in numbers)
            found.append(Sentence(words, tuple(dict.fromkeys(cites))))
    return found


def _status(error: Exception) -> int | None:
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _passing(error: Exception) -> bool:
    """Whether a failure may be over in a moment: too many requests, a server's error, a lost connection."""
    if isinstance(error, TimeoutError | ChatFailed):
        return False
    status = _status(error)
    return status is None or status == 429 or status >= 500


def _told(error: Exception) -> str:
    """A failure in words for the user; no text of the server, which may say anything."""
    status = _status(error)
    if status in (401, 403):
        return "密钥不被接受"
    if status == 429:
        return "请求太多"
    return f"服务出错 {status}" if status else "连接中断或回应不合规"
