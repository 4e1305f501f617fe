"""Pictures in and out: PNG files to arrays of colours, and back."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt

from sparseq.domains.extras import lab_extra
from sparseq.errors import InputError

MOST_PIXELS = 16_000_000

Pixels = npt.NDArray[np.uint8]


def png(image: Any) -> bytes:
    """Return a Pillow image as a PNG file, the same bytes for the same image."""
    with io.BytesIO() as file:
        image.save(file, "PNG")
        return file.getvalue()


def pixels_png(pixels_yxc: Pixels) -> bytes:
    """Return colours, uint8 of shape (height, width, 3), as a PNG file."""
    with lab_extra("a picture"):
        from PIL import Image
    return png(Image.fromarray(np.ascontiguousarray(pixels_yxc), "RGB"))


def read_pixels(data: bytes, name: str) -> Pixels:
    """Return the colours of an image file, uint8 of shape (height, width, 3).

    Raises
    ------
    InputError
        For a file that is no image, a broken one, or one of more than `MOST_PIXELS`.
    """
    with lab_extra("a picture"):
        from PIL import Image, UnidentifiedImageError
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise InputError(f"{name}: wanted at most {MOST_PIXELS} pixels, got {image.width} x {image.height}")
            return np.asarray(image.convert("RGB"))
    except UnidentifiedImageError as error:
        raise InputError(f"{name}: wanted an image (PNG, JPEG, ...), got another kind of file") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{name}: the image is broken: {error}") from error
