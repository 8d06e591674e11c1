"""Text of scanned pages and pictures, recognised by RapidOCR (the optional extra [ocr]; its models come with it)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from io import BytesIO
from typing import Any

from index.errors import SourceError
from index.readers.layout import Run, ordered
from index.readers.plain import APART, one_space
from index.readers.text import WHOLE

MOST_PIXELS = 60_000_000  # an A3 page at 400 dpi has 31
SCALE = 200 / 72  # pages of a PDF are drawn with 200 dots an inch
SUREST = 0.5  # lines recognised with less confidence are noise


@cache
def _engine() -> Any:
    import logging

    from rapidocr import RapidOCR

    logging.disable(logging.CRITICAL)
    return RapidOCR()


def read(data: bytes) -> dict[str, object]:
    """The plain text on a picture. Raises SourceError when it is damaged or too large."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # the size is checked here, before a pixel is unpacked
    try:
        with Image.open(BytesIO(data), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise SourceError(f"图片有 {picture.width * picture.height:,} 个像素，太大。", "请缩小后再试。")
            runs = _runs(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise SourceError("图片已损坏，读不出来。", WHOLE) from error
    text = ""
    for line in ordered(runs):
        text += ("" if not text else APART if line.apart else "\n") + line.run.text
    return {"text": text}


def pages(data: bytes, numbers: Sequence[int]) -> Iterator[tuple[list[Run], float]]:
    """The runs on the pages `numbers` of a PDF, counted from 0, and the height of each page in the same measure."""
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    for number in numbers:
        page = document[number]
        scale = min(SCALE, (MOST_PIXELS / max(1.0, page.get_width() * page.get_height())) ** 0.5)
        picture = page.render(scale=scale).to_pil().convert("RGB")
        yield _runs(picture), float(picture.height)
        page.close()


def _runs(picture: Any) -> list[Run]:
    import numpy

    found = _engine()(numpy.asarray(picture)[:, :, ::-1])  # it expects blue first
    if found.boxes is None or not found.txts:
        return []
    runs = []
    for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
        xs, ys = [float(point[0]) for point in box], [float(point[1]) for point in box]
        if score >= SUREST and (text := one_space(str(text))):
            runs.append(Run(text, min(xs), max(xs), min(ys), max(ys), 0.8 * (max(ys) - min(ys))))
    return runs
