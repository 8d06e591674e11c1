"""Real files of every format, made where a test needs them."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 595.0, 842.0  # A4 in points

Line = tuple[float, float, str]  # from the left, from the top, text


def pdf(pages: Sequence[Iterable[Line]], *, size: float = 10, tables: Sequence[Sequence[Sequence[str]]] = ()) -> bytes:
    """A PDF with the lines where they are told to be; `tables[i]` is drawn with rules on page i, 600 from the top."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    file = BytesIO()
    canvas = Canvas(file, pagesize=(WIDTH, HEIGHT))
    for number, lines in enumerate(pages):
        canvas.setFont("STSong-Light", size)
        for x, top, text in lines:
            canvas.drawString(x, HEIGHT - top, text)
        for row, cells in enumerate(tables[number] if number < len(tables) else ()):
            for column, cell in enumerate(cells):
                x, y = 80 + 130 * column, HEIGHT - 600 - 20 * row
                canvas.rect(x, y - 6, 130, 20)
                canvas.drawString(x + 4, y, cell)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def drawn_pdf(draw: Callable[[Any], object], *, crop: tuple[float, float, float, float] | None = None) -> bytes:
    """A PDF with what `draw` draws on a canvas of reportlab, in STSong of 10 points unless it says otherwise."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    file = BytesIO()
    canvas = Canvas(file, pagesize=(WIDTH, HEIGHT))
    canvas.setFont("STSong-Light", 10)
    if crop:
        canvas.setCropBox(crop)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


def scanned_pdf(picture: bytes) -> bytes:
    """A PDF with nothing but a picture on its page."""
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    file = BytesIO()
    canvas = Canvas(file, pagesize=(WIDTH, HEIGHT))
    canvas.drawImage(ImageReader(BytesIO(picture)), 0, HEIGHT - 250, WIDTH, 200)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


def locked_pdf() -> bytes:
    """A PDF that opens with a password alone."""
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    file = BytesIO()
    canvas = Canvas(file, encrypt=StandardEncryption("secret", canPrint=0))
    canvas.drawString(100, 700, "secret report")
    canvas.save()
    return file.getvalue()


def picture(lines: Sequence[str], font: Path) -> bytes:
    """A PNG with the lines on it."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (1200, 100 + 70 * len(lines)), "white")
    draw = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        draw.text((50, 50 + 70 * row), line, font=ImageFont.truetype(str(font), 40), fill="black")
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def plain_picture() -> bytes:
    """A white PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\xff" * 8 for _ in range(8)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def zipped(members: dict[str, bytes]) -> bytes:
    """A ZIP archive."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


_NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def raw_docx(body: str, *, before: str = "", styles: str = "") -> bytes:
    """The least that is a Word document, with this body, this text before its root and these styles."""
    xml = f'<?xml version="1.0"?>{before}<w:document xmlns:w="{_NAMESPACE}"><w:body>{body}</w:body></w:document>'
    members = {"[Content_Types].xml": b"<Types/>", "word/document.xml": xml.encode()}
    if styles:
        members["word/styles.xml"] = f'<w:styles xmlns:w="{_NAMESPACE}">{styles}</w:styles>'.encode()
    return zipped(members)
