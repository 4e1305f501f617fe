import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.engine.provenance import longest_copied_run
from sparseq.jobs.loading import load_examples
from sparseq.jobs.phrases import PHRASE_BARS
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.jobs.stream.steady import COPIED_BARS, REPEATED_BARS, Steadiness

BAR, LANES = 4, 3
EMPTY_PAST = np.zeros((0, LANES), np.uint16)


def bars_of(*counts):
    """A loop whose bars have so many onsets."""
    bars = np.zeros((len(counts), BAR * LANES), np.uint8)
    for bar, count in zip(bars, counts, strict=True):
        bar[:count] = 1
    return bars.reshape(-1, LANES)


def changed(steadiness, past, bar, logp, free=(True,) * LANES):
    broken = steadiness.broken(past, bar, logp, np.array(free), 0)
    return np.where(broken, 1 - bar, bar)


@given(st.integers(0, 2**32), st.integers(0, BAR * LANES))
def test_a_bar_gets_as_many_onsets_as_the_loops_have_by_its_least_certain_cells(seed, count):
    steadiness = Steadiness([bars_of(4, 5, 6)], [False], [0], BAR)
    rng = np.random.default_rng(seed)
    bar = rng.permutation(bars_of(count).reshape(-1)).reshape(BAR, LANES)
    logp = -rng.random((BAR, LANES))
    after = changed(steadiness, EMPTY_PAST, bar, logp)
    assert 5 <= after.sum() <= 5  # 4.1 to 5.9
    moved, kind = after != bar, bar == (count > 5)
    if moved.any():
        assert logp[moved].max() <= logp[kind & ~moved].min(initial=0.0)


def test_a_style_keeps_to_its_own_range_within_that_of_all_loops():
    steadiness = Steadiness([bars_of(2, 4, 8), bars_of(8, 10, 12), bars_of(*[7] * 40)], [False] * 3, [0, 1, 2], BAR)
    assert changed(steadiness, EMPTY_PAST, bars_of(1), -np.ones((BAR, LANES))).sum() == 7


def test_a_bar_that_breaks_no_rule_stays():
    steadiness = Steadiness([bars_of(4, 5, 6)], [True], [0], BAR)
    assert not steadiness.broken(EMPTY_PAST, bars_of(5), -np.ones((BAR, LANES)), np.ones(LANES, bool), 0).any()


def test_lanes_that_are_given_stay():
    steadiness = Steadiness([bars_of(6)], [False], [0], BAR)
    bar = np.zeros((BAR, LANES), np.uint8)
    after = changed(steadiness, EMPTY_PAST, bar, -np.ones((BAR, LANES)), (False, True, False))
    assert after.sum() == BAR
    assert after[:, 1].all()


@pytest.mark.parametrize("n_bars", [1, 2, 3])
def test_no_loop_is_played_off_for_two_bars(n_bars):
    rng = np.random.default_rng(3)
    loop = (rng.random((n_bars * BAR, LANES)) < 0.5).astype(np.uint8)
    steadiness = Steadiness([loop], [True], [0], BAR)
    written = np.zeros((0, LANES), np.uint8)
    for number in range(20):
        bar = np.tile(loop, (20, 1))[number * BAR :][:BAR]
        written = np.concatenate([written, changed(steadiness, written, bar, -rng.random(bar.shape))])
    run = longest_copied_run(written, range(len(written)), [np.tile(loop, (4, 1))])
    assert run.length < COPIED_BARS * BAR
    assert run.length >= BAR


@pytest.mark.parametrize("style", ["funk", "samba", "waltz"])
def test_a_long_stream_keeps_to_the_loops_without_playing_them_off(style):
    stream = Stream(load_examples([style]), StreamSettings(seed=4))
    bars = np.stack([stream.next_bar().drum_grid().tokens_tl for _ in range(100)])
    loops = [example.grid(stream.next_bar().drum_grid().lanes).tokens_tl for example in stream.examples.used]
    counts = np.concatenate([loop.reshape(-1, *bars.shape[1:]).sum((1, 2)) for loop in loops])
    low, high = np.percentile(counts, [5, 95])
    onsets = bars.sum((1, 2))
    assert ((np.floor(low) <= onsets) & (onsets <= np.ceil(high))).mean() >= 0.95
    run = longest_copied_run(bars.reshape(-1, bars.shape[2]), range(bars.shape[0] * bars.shape[1]), loops)
    assert run.length < COPIED_BARS * bars.shape[1]
    assert len({bar.tobytes() for bar in bars}) > 4


def test_a_stream_never_comes_to_a_standstill():
    loop = np.eye(BAR, LANES, dtype=np.uint8)
    steadiness = Steadiness([bars_of(1, 6)], [False], [0], BAR)
    written, rng = np.zeros((0, LANES), np.uint8), np.random.default_rng(0)
    for _ in range(60):
        bar = changed(steadiness, written, loop, -rng.random(loop.shape))
        written = np.concatenate([written, bar])
    bars = [bar.tobytes() for bar in written.reshape(-1, BAR, LANES)]
    assert len(set(bars)) > 4
    for end in range(REPEATED_BARS + PHRASE_BARS, len(bars)):
        last = bars[end - REPEATED_BARS : end]
        assert all(last != bars[end - REPEATED_BARS - k : end - k] for k in range(1, PHRASE_BARS + 1))


def test_going_back_writes_the_same_bars_again():
    stream = Stream(load_examples(["rock"]), StreamSettings(seed=2))
    bars = [stream.next_bar().tokens_tl for _ in range(12)]
    stream.rewind(7)
    again = [stream.next_bar().tokens_tl for _ in range(7)]
    assert all(np.array_equal(one, other) for one, other in zip(bars[5:], again, strict=True))
