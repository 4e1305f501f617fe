"""A stream in progress: fed, stepped, asked and reset."""

import numpy as np
import pytest

from sparseq.engine.context import Slot, make_context
from sparseq.engine.retriever import Retriever
from sparseq.engine.sampling import SamplingConfig
from sparseq.errors import InputError
from sparseq.kernel.api import NO_ORIGIN
from sparseq.kernel.checks import MASK


def columns(n, start=0):
    """Return n columns to decide; the lane that is only read goes on counting."""
    out = np.full((n, 3), MASK, np.uint16)
    out[:, 2] = np.arange(start, start + n) % 4
    return out


def retriever_of(ground, seed=5, memory=None, **arguments):
    # A soft memory, so that seeds show.
    memory = memory or ground.memory(ground.causal, sharpness=0.8)
    return Retriever(memory, ground.causal, seed=seed, **arguments)


def assert_same(one, other):
    np.testing.assert_array_equal(one.cells_tl, other.cells_tl)
    np.testing.assert_array_equal(one.origins_tl, other.origins_tl)
    np.testing.assert_array_equal(one.logp_tl, other.logp_tl)


def test_step_by_step_is_the_whole_sequence_bit_for_bit(ground):
    """Across 64 and 128 steps, where the arrays double."""
    whole = retriever_of(ground).step(columns(150))
    stream = retriever_of(ground)
    parts = [stream.step(columns(n, start)) for start, n in zip((0, 1, 63, 64, 130), (1, 62, 1, 66, 20), strict=True)]
    for name in ("cells_tl", "origins_tl", "logp_tl"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole, name))
    assert stream.n_steps == 150


def test_own_memory_goes_back_only_as_far_as_its_capacity(ground):
    """A remembered past beyond the capacity does not count: streams that differ only there go on alike."""
    answers = []
    for first in (0, 1):
        stream = retriever_of(ground, own_capacity_steps=8, seed=1)
        past = columns(20)
        past[:, :2] = 0
        past[0, 0] = first
        stream.feed(past)
        answers.append(stream.probs(columns(1)[0]))
    np.testing.assert_array_equal(*answers)


def test_own_memory_weighs_in(ground):
    past = columns(8)
    past[:, 0], past[:, 1] = 1, 2
    answers = []
    for capacity in (0, 512):
        stream = retriever_of(ground, memory=ground.memory(ground.causal, own_weight=50), own_capacity_steps=capacity)
        stream.feed(past)
        answers.append(stream.probs(columns(1)[0]))
    assert answers[1][0, 1] > answers[0][0, 1]
    assert answers[1][1, 2] > answers[0][1, 2]


def test_given_cells_stay_and_have_no_origin(ground):
    given = columns(12)
    given[::3, 0], given[1, 1] = 1, 2
    found = retriever_of(ground).step(given)
    known = given != MASK
    np.testing.assert_array_equal(found.cells_tl[known], given[known])
    assert (found.origins_tl[known] == NO_ORIGIN).all()
    assert (found.logp_tl[known] == 0).all()
    assert (found.cells_tl != MASK).all()
    assert (found.logp_tl[~known] < 0).all()


def test_feeding_is_stepping_through_known_columns(ground):
    fed, stepped = retriever_of(ground), retriever_of(ground)
    assert fed.feed(ground.pattern) is None
    stepped.step(ground.pattern)
    assert_same(fed.step(columns(6)), stepped.step(columns(6)))


def test_fed_columns_are_not_changed_and_may_be_read_only(ground):
    pattern = ground.pattern.copy()
    pattern.flags.writeable = False
    stream = retriever_of(ground)
    stream.feed(pattern)
    wanted = columns(3)
    wanted.flags.writeable = False
    stream.step(wanted)
    np.testing.assert_array_equal(wanted, columns(3))


def test_what_step_returns_is_the_callers(ground):
    first, second = retriever_of(ground), retriever_of(ground)
    first.step(columns(4)).cells_tl[:] = 0
    second.step(columns(4))
    assert_same(first.step(columns(4)), second.step(columns(4)))


def test_reset_forgets_all(ground):
    stream = retriever_of(ground)
    first = stream.step(columns(70))
    stream.reset()
    assert stream.n_steps == 0
    assert_same(stream.step(columns(70)), first)


def test_probs_are_what_the_next_step_draws_from(ground):
    stream = retriever_of(ground)
    stream.step(columns(9))
    for t in range(9, 20):
        asked = stream.probs(columns(1, t)[0])
        found = stream.step(columns(1, t))
        token = int(found.cells_tl[0, 0])
        assert found.logp_tl[0, 0] == pytest.approx(np.log(asked[0, token]), abs=1e-12)
        np.testing.assert_allclose(asked.sum(1), 1.0)


def test_probs_see_the_known_cells_of_the_column(ground):
    stream = retriever_of(ground, memory=ground.memory(ground.causal, sharpness=5.0))
    stream.feed(ground.pattern)
    column = columns(1, 2)[0]
    without = stream.probs(column)
    column[0] = 0
    np.testing.assert_array_equal(stream.probs(column)[0], without[0])
    assert stream.probs(column)[1].tolist() != without[1].tolist()


def test_asking_leaves_no_trace(ground):
    asked, plain = retriever_of(ground), retriever_of(ground)
    for t in range(70):
        asked.probs(columns(1, t)[0])
        with pytest.raises(InputError):
            asked.probs(np.array([9, 9, 9], np.uint16))
        assert_same(asked.step(columns(1, t)), plain.step(columns(1, t)))


def test_a_refused_step_leaves_no_trace(ground):
    bent, plain = retriever_of(ground), retriever_of(ground)
    bad = columns(3)
    bad[1, 0] = 3  # within the alphabet, but lane 0 has two values
    for t in range(0, 70, 5):
        with pytest.raises(InputError, match=r"^cells_tl: wanted tokens 0 to 1 or the mask in lane 0, got 3 at step"):
            bent.step(bad)
        assert bent.n_steps == t
        assert_same(bent.step(columns(5, t)), plain.step(columns(5, t)))


def test_seeds(ground):
    first = retriever_of(ground, seed=1).step(columns(40))
    assert_same(retriever_of(ground, seed=1).step(columns(40)), first)
    assert (retriever_of(ground, seed=2).step(columns(40)).cells_tl != first.cells_tl).any()


def test_sampling_may_be_set_between_steps(ground):
    stream = retriever_of(ground, sampling=SamplingConfig(greedy=True))
    greedy = stream.step(columns(40))
    stream.reset()
    stream.sampling = SamplingConfig(temperature=3.0)
    assert (stream.step(columns(40)).cells_tl != greedy.cells_tl).any()


def test_a_greedy_stream_from_a_pattern_goes_on_with_it(ground):
    memory = ground.memory(ground.causal, sharpness=5.0)
    stream = retriever_of(ground, memory=memory, sampling=SamplingConfig(greedy=True))
    stream.feed(ground.pattern[:4])
    np.testing.assert_array_equal(stream.step(columns(8)).cells_tl, ground.pattern[4:])


def test_origins_name_the_pattern_or_earlier_own_cells(ground):
    memory = ground.memory(ground.causal, sharpness=5.0)
    found = retriever_of(ground, memory=memory).step(columns(40))
    for (t, lane), origin in np.ndenumerate(found.origins_tl[:, :2]):
        if origin >= 0:
            place = memory.place(int(origin))
            assert ground.pattern[place.step, place.lane] == found.cells_tl[t, lane]
        elif origin != NO_ORIGIN:
            step, own_lane = divmod(-1 - int(origin), 3)
            assert own_lane == lane
            assert step < t
            assert found.cells_tl[step, lane] == found.cells_tl[t, lane]


def test_the_order_of_lanes_decides_who_sees_whom(ground):
    context = make_context([[Slot(-1, 0, 1.0)], [Slot(-1, 1, 1.0)], []], [2, 3, 4])
    memory = ground.memory(context, sharpness=0.8)
    streams = [Retriever(memory, context, order=order, seed=3).step(columns(30)) for order in ([0, 1], [1, 0])]
    # Nothing reads across: the order is the caller's alone.
    assert_same(*streams)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"order": [1, 0]}, "context: lane 1 reads lane 0 at dt 0, which is decided later"),
        ({"order": [0, 2]}, "order: wanted lanes that have a head, got 2, which is only read"),
        ({"order": [0, 0]}, "order: wanted each lane once, got 0 repeated"),
        ({"order": [3]}, "order: wanted 0 to 2, got 3 to 3"),
        ({"order": []}, "order: wanted at least one lane to decide, got none"),
        ({"seed": -1}, "seed: wanted a whole number 0 to 18446744073709551615, got -1"),
        ({"own_capacity_steps": -1}, "own_capacity_steps: wanted a whole number 0 to 16777216, got -1"),
    ],
)
def test_a_stream_that_cannot_be_is_refused(ground, arguments, message):
    with pytest.raises(InputError) as caught:
        retriever_of(ground, **arguments)
    assert str(caught.value) == message


def test_a_context_that_reads_the_future_is_refused(ground):
    with pytest.raises(InputError, match=r"^context: lane 0 reads lane 0 at dt 1, which is decided later$"):
        Retriever(ground.memory(ground.both), ground.both)


def test_a_context_of_other_heads_is_refused(ground):
    with pytest.raises(InputError, match=r"^context: wanted the heads that the memory was made with, got others$"):
        Retriever(ground.memory(ground.both), ground.causal)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros(3, np.uint16), "columns_tl: wanted 2 dimensions, got 1"),
        (np.zeros((1, 2), np.uint16), "columns_tl: wanted 3 lanes, got 2"),
        (np.zeros((1, 3)), "columns_tl: wanted whole numbers, got dtype float64"),
        (np.full((1, 3), -1), "columns_tl: wanted 0 to 65535, got -1 to -1"),
    ],
)
def test_columns_of_another_make_are_refused(ground, wrong, message):
    stream = retriever_of(ground)
    for call in (stream.step, stream.feed):
        with pytest.raises(InputError) as caught:
            call(wrong)
        assert str(caught.value) == message


def test_feeding_masked_cells_is_refused(ground):
    with pytest.raises(InputError, match=r"^columns_tl: wanted known cells, got masked ones; use step to have them"):
        retriever_of(ground).feed(columns(2))


def test_no_columns_are_no_step(ground):
    stream = retriever_of(ground)
    assert stream.step(columns(0)).cells_tl.shape == (0, 3)
    assert stream.n_steps == 0
