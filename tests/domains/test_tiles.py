import io

import numpy as np
import pytest

from sparseq.domains.extras import lab_extra
from sparseq.domains.pictures import pixels_png, read_pixels
from sparseq.domains.quilt import Quilt, Source, evened, seam
from sparseq.domains.tiles import TileDomain, patches
from sparseq.errors import InputError

pytest.importorskip("PIL", reason="pictures need Pillow, of the extra lab")


def checker(height: int = 32, width: int = 48, side: int = 8) -> np.ndarray:
    y, x = np.mgrid[:height, :width] // side
    return np.repeat(((x + y) % 2 * 200 + 20)[..., None], 3, 2).astype(np.uint8)


def test_a_png_comes_back_as_it_was() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)
    assert (read_pixels(pixels_png(pixels), "a.png") == pixels).all()


@pytest.mark.parametrize("data", [b"", b"no image", pixels_png(checker())[:60]])
def test_what_is_no_image_is_refused_in_a_line(data: bytes) -> None:
    with pytest.raises(InputError, match=r"a.png: (wanted an image|the image is broken)"):
        read_pixels(data, "a.png")


def test_an_image_that_is_too_large_is_refused() -> None:
    with lab_extra("a test"):
        from PIL import Image
    file = io.BytesIO()
    Image.new("1", (5000, 4000)).save(file, "PNG")
    with pytest.raises(InputError, match="at most 16000000 pixels, got 5000 x 4000"):
        read_pixels(file.getvalue(), "a.png")


def test_patches_cover_the_image_row_by_row() -> None:
    found = patches(checker(), 8)
    assert found.shape == (4, 6, 8, 8, 3)
    assert (found[1, 0] == 220).all()


def test_two_kinds_of_patches_make_two_codes_and_come_back() -> None:
    domain = TileDomain([checker()], 8, 64)
    cells = domain.encode(checker())
    assert cells.shape == (6, 4)
    assert len(domain.codes_kf) == 2
    assert (domain.decode(cells) == checker()).all()


def test_too_many_codes_and_too_small_images_are_refused() -> None:
    with pytest.raises(InputError, match="at most 512 codes, got 513"):
        TileDomain([checker()], 8, 513)
    with pytest.raises(InputError, match="at least 64 x 64 pixels, one patch, got 48 x 32"):
        TileDomain([checker()], 64, 8)


def test_the_patch_that_fits_what_is_known_is_laid() -> None:
    image = checker()
    known = np.ones(image.shape[:2], bool)
    known[8:16, 8:16] = False
    quilt = Quilt([image], 8, image.astype(float), known)
    assert quilt.lay(1, 1, [Source(0, 2, 3), Source(0, 2, 2)]) == Source(0, 2, 2)
    assert np.abs(quilt.picture() - image)[8:16, 8:16].max() < 1.0


def test_a_patch_that_fits_when_moved_by_some_pixels_is_laid_so() -> None:
    y, x = np.mgrid[:48, :48]
    slope = np.repeat(((2 * y > x)[..., None] * 200 + 20).astype(np.uint8), 3, 2)  # no patch is as another
    known = np.ones(slope.shape[:2], bool)
    known[16:24, 32:40] = False
    quilt = Quilt([slope], 8, slope.astype(float), known)
    assert quilt.lay(2, 4, [Source(0, 1, 1)]) != Source(0, 1, 1)
    assert np.abs(quilt.picture() - slope)[16:24, 32:40].max() < 1.0


def test_evening_takes_away_a_step_in_brightness_and_touches_nothing_else() -> None:
    known = np.full((20, 20, 3), 100.0)
    hole = np.zeros((20, 20), bool)
    hole[5:15, 5:15] = True
    even = evened(known + 20.0, known, hole)
    assert np.abs(even - 100.0).max() < 0.5
    assert (even[~hole] == known[~hole]).all()


def test_a_seam_is_measured_against_the_rest() -> None:
    hole = np.zeros((16, 16), bool)
    hole[4:8, 4:8] = True
    ramp = np.repeat(np.arange(16, dtype=np.uint8)[None, :, None], 16, 0).repeat(3, 2)
    assert seam(ramp, hole) == pytest.approx(1.0, abs=0.3)
    cut = ramp.copy()
    cut[hole] = 200
    assert seam(cut, hole) > 20
