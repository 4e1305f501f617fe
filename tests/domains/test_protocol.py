from collections.abc import Sequence

import numpy as np
import pytest

from sparseq.domains import protocol
from sparseq.domains.extras import lab_extra
from sparseq.domains.protocol import ALPHABET_LIMIT, Cells, fill, learn, stream
from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Context, Slot, make_context
from sparseq.errors import InputError


class Letters:
    """A domain of one lane: letters a to d."""

    def encode(self, data: bytes) -> Cells:
        return np.array([[byte - ord("a")] for byte in data], np.uint16)

    def decode(self, cells_tl: Cells) -> bytes:
        return bytes(int(token) + ord("a") for token in cells_tl[:, 0])

    def context(self, n_lanes: int, causal: bool) -> Context:
        sides = (-1,) if causal else (-1, 1)
        return make_context([[Slot(side * dt, 0, 3.0 / dt) for dt in (1, 2) for side in sides]], [4])

    def metrics(self, cells_tl: Cells, examples: Sequence[Cells]) -> dict[str, float]:
        return {"length": float(len(cells_tl))}


@pytest.fixture
def examples() -> list[Cells]:
    return [Letters().encode(b"abcd" * 8)]


def test_a_stream_goes_on_as_the_examples_do(examples: list[Cells]) -> None:
    made = Letters().decode(stream(Letters(), examples, 40, seed=1))
    assert made in b"abcd" * 12


def test_a_fill_leaves_everything_else_as_it_is(examples: list[Cells]) -> None:
    piece, mask = Letters().encode(b"abcdaaaaabcd"), np.zeros((12, 1), bool)
    mask[5:8] = True
    before = piece.copy()
    made = fill(Letters(), examples, piece, mask, seed=3)
    assert Letters().decode(made) == b"abcdabcdabcd"
    assert (piece == before).all()


def test_the_same_seed_makes_the_same_and_another_another(examples: list[Cells]) -> None:
    loose = protocol.Settings(retrieval=RetrievalConfig(sharpness=0.2))
    made = [stream(Letters(), examples, 40, seed, loose).tobytes() for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]


def test_no_examples_are_refused() -> None:
    with pytest.raises(InputError, match="wanted at least one, got none"):
        stream(Letters(), [], 4)


def test_an_alphabet_that_is_too_large_is_refused_with_limit_and_count(examples: list[Cells]) -> None:
    too_large = np.array([[ALPHABET_LIMIT]], np.uint16)
    with pytest.raises(InputError, match=f"at most {ALPHABET_LIMIT} different tokens, got {ALPHABET_LIMIT + 1}"):
        learn([too_large], Letters().context(1, True), RetrievalConfig())


def test_examples_of_another_width_are_refused(examples: list[Cells]) -> None:
    with pytest.raises(InputError, match="wanted grids of 1 lanes"):
        learn([np.zeros((3, 2), np.uint16)], Letters().context(1, True), RetrievalConfig())


def test_a_missing_package_is_named_with_the_way_to_get_it() -> None:
    message = r"a picture needs the package no_such_package.*pip install 'sparseq\[lab\]'"
    with pytest.raises(InputError, match=message), lab_extra("a picture"):
        import no_such_package  # noqa: F401
