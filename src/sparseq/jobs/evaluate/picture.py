"""A run as a picture: one bar a method, with its interval, as the bytes of a PNG."""

import io
from typing import Any

from sparseq.errors import InputError
from sparseq.jobs.evaluate.report import Evaluation, Score

ROW, LABEL, BARS, MARGIN, HEAD = 34, 230, 420, 24, 64
"""Pixels: height of a row, width of the names, of the longest bar, of the margin, height of the heading."""
PAPER, INK, FAINT = (255, 255, 255), (30, 30, 34), (205, 208, 214)
OURS, RIVAL, WHISKER = (214, 84, 40), (110, 134, 168), (30, 30, 34)
TEXT = 14


def picture(found: Evaluation) -> bytes:
    """Return a PNG of nats, shortest best, and beside it of onset F1, longest best, where it was measured.

    Raises
    ------
    InputError
        If Pillow is not installed.
    """
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ModuleNotFoundError as error:
        raise InputError("a picture needs the package Pillow; get it with: pip install 'sparseq[plot]'") from error
    rows = [("sparseq", found.ours), *sorted(found.baselines.items(), key=lambda item: item[1].nats)]
    panels = [("nats", f"nats a {found.unit}: less is better")]
    if found.ours.f1 is not None:
        panels.append(("f1", "onset F1: more is better"))
    width = LABEL + len(panels) * (BARS + MARGIN) + MARGIN
    image = Image.new("RGB", (width, HEAD + ROW * len(rows) + MARGIN), PAPER)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(TEXT)
    draw.text((MARGIN, MARGIN // 2), f"{found.task}: {found.pieces} pieces, 95 % intervals", INK, font)
    for index, (name, _) in enumerate(rows):
        draw.text((MARGIN, HEAD + ROW * index + 7), name.replace("_", " "), INK, font)
    for index, (kind, title) in enumerate(panels):
        left = LABEL + index * (BARS + MARGIN)
        draw.text((left, HEAD - TEXT - 8), title, INK, font)
        _panel(draw, font, rows, kind, left)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _panel(draw: Any, font: Any, rows: list[tuple[str, Score]], kind: str, left: int) -> None:
    largest = max(max(_span(score, kind)) for _, score in rows) or 1.0
    for index, (name, score) in enumerate(rows):
        top = HEAD + ROW * index + 5
        value, low, high = _span(score, kind)
        ends = [left + round((BARS - 70) * number / largest) for number in (value, low, high)]
        draw.rectangle((left, top, left + BARS - 70, top + ROW - 14), FAINT)
        draw.rectangle((left, top, ends[0], top + ROW - 14), OURS if name == "sparseq" else RIVAL)
        middle = top + (ROW - 14) // 2
        draw.line((ends[1], middle, ends[2], middle), WHISKER, 2)
        draw.text((left + BARS - 62, top + 2), f"{value:.3f}", INK, font)


def _span(score: Score, kind: str) -> tuple[float, float, float]:
    """Return a figure and its interval; zeros where it was not measured."""
    value, interval = (score.nats, score.nats_95) if kind == "nats" else (score.f1, score.f1_95)
    if value is None or interval is None:
        return 0.0, 0.0, 0.0
    return value, interval.low, interval.high
