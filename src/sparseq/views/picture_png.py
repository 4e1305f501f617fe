"""A picture as PNG: painted into an array and packed with zlib, so that no imaging library is needed."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from sparseq.views.picture_font import ADVANCE, HEIGHT, WIDTH, dots
from sparseq.views.picture_scene import Box, Scene, Words

SCALE = 2
"""Dots a pixel of the scene is wide: enough for the letters to be read on a dense screen."""

_SIGNATURE = bytes.fromhex("89504e470d0a1a0a")
_RGB = 2  # colour type: red, green, blue


def png_bytes(scene: Scene, scale: int = SCALE) -> bytes:
    """Return a scene as a PNG file.

    Parameters
    ----------
    scene : Scene
        The picture.
    scale : int
        Dots for each of its pixels, in both directions, at least 1.

    Returns
    -------
    bytes
        The file.
    """
    canvas = paint_scene(scene)
    large = canvas.repeat(scale, axis=0).repeat(scale, axis=1)
    height, width, _ = large.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # a row begins with its filter, 0 for none
    rows[:, 1:] = large.reshape(height, 3 * width)
    header = struct.pack(">IIBBBBB", width, height, 8, _RGB, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)


def paint_scene(scene: Scene) -> NDArray[np.uint8]:
    """Return a scene as pixels: uint8 ndarray of shape (height, width, 3), on white."""
    canvas = np.full((scene.height, scene.width, 3), 255, np.uint8)
    for item in scene.items:
        if isinstance(item, Box):
            _paint_box(canvas, item)
        else:
            _paint_words(canvas, item)
    return canvas


def _paint_box(canvas: NDArray[np.uint8], box: Box) -> None:
    canvas[max(box.y, 0) : max(box.y + box.height, 0), max(box.x, 0) : max(box.x + box.width, 0)] = box.fill


def _paint_words(canvas: NDArray[np.uint8], words: Words) -> None:
    for index, char in enumerate(words.text):
        left = words.x + index * ADVANCE
        ink = np.array([[sign == "#" for sign in row] for row in dots(char)])
        place = canvas[max(words.y, 0) : words.y + HEIGHT, max(left, 0) : max(left + WIDTH, 0)]
        seen = ink[: place.shape[0], : place.shape[1]]
        place[: seen.shape[0], : seen.shape[1]][seen] = words.fill


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
