"""What every baseline owes: honest probabilities, no look at what it is asked about, and the rule it is named for."""

import numpy as np
import pytest

from sparseq.jobs.baselines.library import Library, Piece, excerpt_of, log_of_truth
from sparseq.jobs.baselines.markov import Markov
from sparseq.jobs.baselines.original import Original
from sparseq.jobs.baselines.rules import Copy, Majority, Nearest, Phase, Rule, Uniform
from sparseq.jobs.baselines.writing import written

BUILD = {
    "uniform": lambda library: Uniform(),
    "phase": lambda library: Rule(Phase(library.bar_steps), library),
    "copy": lambda library: Rule(Copy(), library),
    "nearest": lambda library: Rule(Nearest(library), library),
    "majority": lambda library: Rule(Majority(), library),
    "markov_1": lambda library: Markov(library, order_1=True, rng=np.random.default_rng(0)),
    "variable_order": lambda library: Markov(library, order_1=False, rng=np.random.default_rng(0)),
    "original": Original,
}


@pytest.fixture(params=BUILD)
def method(request, library):
    return BUILD[request.param](library)


def changed(piece, bar, step, lane):
    bits = piece.bits_bsl.copy()
    bits[bar, step, lane] ^= 1
    return Piece(piece.name, piece.style, bits)


def test_probabilities_are_probabilities(method, rock):
    excerpt = excerpt_of(rock, 2, np.random.default_rng(0))
    for p, shape in ((method.stream_p(rock), (48, 2)), (method.fill_p(excerpt), (8, 2))):
        assert p.shape == shape
        assert ((p > 0) & (p < 1)).all()


def test_a_stream_does_not_see_what_is_still_to_come(method, rock):
    """Cell (bar 3, step 4, lane 1) and all before it must not notice what stands in it."""
    at = 3 * 8 + 4
    there, here = method.stream_p(changed(rock, 3, 4, 1)), method.stream_p(rock)
    # The original numbers its tokens by all that occur in the piece: its random embeddings move with a new one.
    if not isinstance(method, Original):
        assert np.array_equal(there[:at], here[:at])
        assert np.array_equal(there[at], here[at])


def test_a_fill_does_not_see_a_cell_before_it_was_asked_for(method, rock):
    rng = np.random.default_rng(1)
    excerpt = excerpt_of(rock, 2, rng)
    last = int(excerpt.order_c[-1])
    other = type(excerpt)(changed(rock, 2, *divmod(last, 2)), 2, excerpt.order_c)
    if not isinstance(method, Original):
        assert np.array_equal(method.fill_p(excerpt), method.fill_p(other))
        assert np.array_equal(method.fill_bits(excerpt), method.fill_bits(other))


@pytest.mark.parametrize("name", ["copy", "nearest", "majority", "variable_order"])
def test_a_groove_that_goes_on_is_foreseen(name, library, rock, busy):
    method = BUILD[name](library)
    for piece in (rock, busy):
        excerpt = excerpt_of(piece, 3, np.random.default_rng(2))
        assert np.array_equal(method.fill_bits(excerpt), piece.bits_bsl[3] > 0)
        expected = method.stream_bits(piece)[16:]
        assert np.array_equal(expected, piece.tokens_tl[16:] > 0)


def test_what_a_rule_says_is_worth_how_often_it_is_right(library, rock):
    """In this library the bar before is always right: 8 onsets at each code 1 of a kick, none at code 0."""
    excerpt = excerpt_of(rock, 2, np.random.default_rng(0))
    p = BUILD["copy"](library).fill_p(excerpt)
    kicks = 3 * 6 * 2 + 3 * 6 * 8
    assert p[0, 0] == pytest.approx((kicks + 0.5) / (kicks + 1))
    rests = 3 * 6 * 6
    assert p[1, 0] == pytest.approx(0.5 / (rests + 1))


def test_a_piece_of_the_library_is_not_its_own_nearest_bar():
    odd = np.random.default_rng(3).integers(0, 2, (4, 8, 2)).astype(np.uint8)
    library = Library((Piece("odd", "", odd), Piece("silent", "", np.zeros_like(odd))), ("kick", "snare"), 2, (4, 4))
    codes = Nearest(library).codes(odd, 1, np.arange(4) != 1, 0)
    assert not codes.any()


def test_the_variable_order_learns_from_the_piece_itself(library):
    strange = np.random.default_rng(4).integers(0, 2, (1, 8, 2)).astype(np.uint8)
    piece = Piece("strange", "", np.repeat(strange, 6, axis=0))
    nats = -log_of_truth(BUILD["variable_order"](library).stream_p(piece), piece.tokens_tl).sum(1).reshape(6, 8).mean(1)
    assert nats[-1] < 0.5 * nats[0]


def test_order_1_knows_the_step_before_only(library, rock, busy):
    method = BUILD["markov_1"](library)
    far = Piece("", "", np.concatenate([busy.bits_bsl[:1], rock.bits_bsl[:1]]))
    near = Piece("", "", np.concatenate([rock.bits_bsl[:1], rock.bits_bsl[:1]]))
    assert np.array_equal(method.stream_p(far)[9:], method.stream_p(near)[9:])


def test_the_original_copies_a_corpus_that_it_can_see(library):
    """Given one groove alone, what it looks up for the middle of a hole is that groove."""
    one = Library((library.pieces[0],), library.lanes, library.steps_per_beat, library.meter)
    p = Original(one).stream_p(library.pieces[0])
    assert np.isfinite(p).all()


def test_writing_draws_from_the_model_and_by_the_seed(library):
    model = BUILD["variable_order"](library)
    bars = [written(model, library, 3, np.random.default_rng(seed)) for seed in (5, 5, 6)]
    assert bars[0].shape == (3, 8, 2)
    assert np.array_equal(bars[0], bars[1])
    assert not np.array_equal(bars[0], bars[2])
    assert np.mean(written(Uniform(), library, 20, np.random.default_rng(0))) == pytest.approx(0.5, abs=0.1)
