"""A stream in progress: fed, stepped, asked and reset."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.engine.context import Slot, make_context
from sparseq.engine.retriever import Retriever
from sparseq.engine.sampling import SamplingConfig
from sparseq.errors import InputError
from sparseq.kernel.api import NO_ORIGIN
from sparseq.kernel.checks import EDGE, MASK


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


# ---- masks -----------------------------------------------------------------------------------------------------------


def test_a_mask_holds_for_each_column_or_for_all(ground):
    line = np.ones((3, 4), np.uint8)  # as wide as the lane that is only read
    line[1, [0, 2]] = 0
    one = retriever_of(ground).step(columns(30), allowed=line)
    assert (one.cells_tl[:, 1] == 1).all()
    each = np.broadcast_to(line, (30, 3, 4)).copy()
    assert_same(retriever_of(ground).step(columns(30), allowed=each), one)
    each[7:, 1] = [1, 0, 0, 0]
    assert retriever_of(ground).step(columns(30), allowed=each).cells_tl[:, 1].tolist() == [1] * 7 + [0] * 23


def test_nothing_barred_follows(ground):
    """A two of lane 1 neither begins the stream nor follows a zero."""
    barred = [[1, EDGE, 2], [1, 0, 2]]
    found = retriever_of(ground).step(columns(200), barred=barred).cells_tl[:, 1]
    assert found[0] != 2
    assert not ((found[:-1] == 0) & (found[1:] == 2)).any()
    assert (found == 2).any()


def test_rules_hold_across_steps_and_dropped_columns(ground):
    barred = [[1, EDGE, 2], [1, 0, 2]]
    stream, whole = (retriever_of(ground, own_capacity_steps=4, rewind_steps=0) for _ in range(2))
    parts = [stream.step(columns(1, t), barred=barred).cells_tl for t in range(200)]
    np.testing.assert_array_equal(np.concatenate(parts), whole.step(columns(200), barred=barred).cells_tl)


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ({"allowed": np.ones((2, 3), np.uint8)}, "allowed_tlv: wanted shape (2, 3, 3) or (3, 3), got (2, 3)"),
        (
            {"allowed": np.zeros((3, 3), np.uint8)},
            "allowed_tlv: wanted at least one of the 2 values of lane 0 at step 0, got none",
        ),
        ({"barred": [[2, 0, 0]]}, "barred_b3: wanted lanes that have a head, got 2"),
        (
            {"barred": [[0, 1, 0], [0, 1, 1]]},
            "barred_b3: wanted a token left in lane 0 after 1 at step 0, got none allowed",
        ),
    ],
)
def test_masks_that_cannot_be_are_refused(ground, masks, message):
    stream = retriever_of(ground)
    with pytest.raises(InputError) as caught:
        stream.step(columns(2), **masks)
    assert str(caught.value) == message
    assert stream.n_steps == 0


def test_probs_under_a_mask_are_shared_among_what_is_left(ground):
    stream = retriever_of(ground)
    stream.step(columns(5))
    line = np.ones((3, 3), np.uint8)
    line[1, 2] = 0
    free, bound = stream.probs(columns(1, 5)[0]), stream.probs(columns(1, 5)[0], allowed=line)
    np.testing.assert_array_equal(bound[0], free[0])
    assert bound[1, 2] == 0
    assert bound[1, :2] == pytest.approx(free[1, :2] / free[1, :2].sum())


# ---- going back ------------------------------------------------------------------------------------------------------


@given(data=st.data(), own=st.sampled_from([0, 3, 20, 512]))
def test_after_going_back_the_stream_is_as_if_it_had_never_gone_on(ground, data, own):
    """Whatever was stepped and taken back before, cached or evicted."""
    stream, kept = retriever_of(ground, own_capacity_steps=own, rewind_steps=16), columns(0)
    for _ in range(data.draw(st.integers(1, 6))):
        found = stream.step(columns(data.draw(st.integers(0, 40)), stream.n_steps))
        kept = np.concatenate([kept, found.cells_tl])
        mark = data.draw(st.integers(max(stream.oldest_mark, stream.n_steps - 16), stream.n_steps))
        stream.rewind(mark)
        kept = kept[:mark]
        stream.seed += 1
    plain = retriever_of(ground, own_capacity_steps=own, seed=stream.seed)
    plain.feed(kept)
    assert_same(stream.step(columns(50, stream.n_steps)), plain.step(columns(50, plain.n_steps)))


def test_a_turn_taken_back_and_written_again_is_the_same_and_with_another_seed_another(ground):
    for own in (8, 512):
        stream = retriever_of(ground, own_capacity_steps=own)
        stream.step(columns(40))
        mark = stream.n_steps
        first = stream.step(columns(16, mark))
        stream.rewind(mark)
        assert stream.n_steps == mark
        assert_same(stream.step(columns(16, mark)), first)
        stream.rewind(mark)
        stream.seed = 77
        assert (stream.step(columns(16, mark)).cells_tl != first.cells_tl).any()
        stream.rewind(mark)
        stream.seed = 5
        assert_same(stream.step(columns(16, mark)), first)


def test_going_back_and_forth_leaves_no_trace(ground):
    """Own memory full or not, columns dropped or not."""
    for own in (0, 5, 600):
        back, plain = (retriever_of(ground, own_capacity_steps=own, rewind_steps=24) for _ in range(2))
        for t in range(0, 1600, 16):
            back.step(columns(24, t))
            back.rewind(t)
            assert_same(back.step(columns(16, t)), plain.step(columns(16, t)))


def test_going_back_too_far_or_ahead_is_refused(ground):
    stream = retriever_of(ground, own_capacity_steps=4, rewind_steps=8)
    assert stream.oldest_mark == 0
    stream.step(columns(10))
    for mark in (-1, 11, 2.0):
        with pytest.raises(InputError, match=r"^n_steps: wanted a whole number 0 to 10, got "):
            stream.rewind(mark)
    for t in range(10, 1000):
        stream.step(columns(1, t))
    assert 0 < stream.oldest_mark <= stream.n_steps - 8
    with pytest.raises(InputError, match=r"^n_steps: wanted a whole number \d+ to 1000, got 3$"):
        stream.rewind(3)


def test_a_stream_of_hours_keeps_only_what_may_be_looked_at(ground):
    stream, whole = (retriever_of(ground, own_capacity_steps=8, rewind_steps=8) for _ in range(2))
    parts, sizes = [], []
    for t in range(0, 3000, 10):
        parts.append(stream.step(columns(10, t)))
        sizes.append(len(stream._past.grid.cells_tl))
    assert max(sizes) <= 64
    whole_grid = whole.step(columns(3000))
    for name in ("cells_tl", "origins_tl", "logp_tl"):
        np.testing.assert_array_equal(
            np.concatenate([getattr(part, name) for part in parts]), getattr(whole_grid, name)
        )
    assert stream.n_steps == 3000


def test_each_head_remembers_the_same_steps(ground):
    """A head of one lane forgets as early as a head of two."""
    slots = [Slot(-1, 2, 1.0)]
    context = make_context([slots, slots, slots, []], [2, 2, 2, 4], [0, 0, 1, -1])
    memory = ground.memory(context, examples=[np.zeros((1, 4), np.uint16)], own_weight=1000)
    answers = []
    for first in (0, 1):
        stream = Retriever(memory, context, own_capacity_steps=4)
        past = np.zeros((6, 4), np.uint16)
        past[0, :3] = first
        stream.feed(past)
        answers.append(stream.probs(np.array([MASK, MASK, MASK, 0], np.uint16)))
    np.testing.assert_array_equal(*answers)
