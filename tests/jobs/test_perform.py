from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.jobs.loading import load_examples
from sparseq.jobs.perform import Performer, perform, performed
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.music.grid import GridBar, Hit
from sparseq.music.layout import DRUM, VOICE, Lane, Sound
from sparseq.music.partgrid import PartGrid
from sparseq.music.units import PPQ

LANES = ("kick", "snare")
SOUNDS = {"drums": Sound("drums", 9, None)}
STEP = PPQ // 4
BAR = 4 * PPQ


def bar_of(hits, length=16, steps_per_beat=4):
    tokens = np.zeros((length, len(LANES)), np.uint8)
    for cell in hits:
        tokens[cell] = 1
    lanes = tuple(Lane(name, DRUM, "drums", 2) for name in LANES)
    bars = (GridBar(1, 0, length, 4, 4),)
    return PartGrid(tokens, lanes, np.ones(2, bool), hits, SOUNDS, steps_per_beat, bars, None, 0)


def events_of(grid, **options):
    return performed(grid, 120.0, **options)[0].events


def test_a_stroke_is_a_note_on_and_a_note_off_on_channel_10():
    bar, _ = performed(bar_of({(4, 0): (Hit(36, 100, 10, 120),)}), 120.0)
    assert (bar.length_ticks, bar.ppq, bar.bpm) == (BAR, PPQ, 120.0)
    assert bar.events == (
        (4 * STEP + 10, bytes.fromhex("992464")),
        (4 * STEP + 130, bytes.fromhex("892440")),
    )


def test_a_stroke_before_the_bar_line_stays_before_it_but_never_before_the_start():
    grid = bar_of({(0, 0): (Hit(36, 100, -30, 60),)})
    assert [tick for tick, _ in events_of(grid)] == [-30, 30]
    assert [tick for tick, _ in events_of(grid, is_first=True)] == [0, 30]


def test_a_bar_is_as_long_as_its_steps():
    assert performed(bar_of({}, 14), 90.0)[0].length_ticks == 14 * STEP
    assert performed(bar_of({}, 9, 3), 90.0)[0].length_ticks == 3 * PPQ


hits = st.builds(
    Hit, st.sampled_from([36, 38]), st.integers(1, 127), st.integers(-STEP // 2, STEP // 2 - 1), st.integers(1, 2 * BAR)
)
cells = st.dictionaries(st.tuples(st.integers(0, 15), st.integers(0, 1)), st.lists(hits, min_size=1, max_size=2))


@given(first=cells, second=cells)
def test_each_stroke_is_let_go_before_the_next_of_its_pitch_across_bar_lines_too(first, second):
    grids = [
        bar_of({cell: tuple(sorted(found, key=lambda hit: hit.offset_ticks)) for cell, found in bar.items()})
        for bar in (first, second)
    ]
    events = [
        (tick + number * BAR, data)
        for number, grid in enumerate(grids)
        for tick, data in events_of(grid, is_first=not number)
    ]
    ends = {}
    for tick, data in sorted(events, key=lambda event: event[0]):
        sounding = ends.setdefault(data[1], [])
        if data[0] == 0x99:
            assert all(onset in (tick, 0) for onset in sounding)  # only strokes of the same moment sound together
            sounding.append(tick)
        else:
            sounding.pop(0)
    assert all(not sounding for sounding in ends.values())
    assert sum(data[0] == 0x99 for _, data in events) == sum(len(found) for bar in grids for found in bar.hits.values())


@pytest.fixture
def mixed(rock_loop):
    """Return loops of very different tempos."""
    return load_examples([rock_loop("slow.mid", bpm_us=1_000_000), rock_loop("fast.mid", bpm_us=300_000)])


def test_the_tempo_of_the_first_bar_stays(mixed):
    for seed in range(6):
        stream = Stream(mixed, StreamSettings(seed))
        tempos = {bar.bpm for _, bar in perform(stream, 8)}
        assert len(tempos) == 1
        assert tempos <= {60.0, 200.0}


def test_the_tempo_asked_for_is_kept(mixed):
    assert {bar.bpm for _, bar in perform(Stream(mixed, StreamSettings(bpm=93.5)), 3)} == {93.5}


def test_bars_come_with_the_grid_that_they_were_made_of(few):
    pairs = list(perform(Stream(few, StreamSettings(1, bpm=120.0)), 3))
    assert len(pairs) == 3
    sounding = {}
    for number, (grid, bar) in enumerate(pairs):
        expected, sounding = performed(grid, 120.0, sounding, is_first=not number, is_last=number == 2)
        assert bar == expected


def test_without_a_number_bars_do_not_end(few):
    assert len(list(islice(perform(Stream(few, StreamSettings(1))), 30))) == 30


def voice_bar(hits, length=16):
    """Return a bar of one voice on channel 2, with hits by step."""
    tokens = np.zeros((length, 1), np.uint16)
    cells = {(step, 0): found for step, found in hits.items()}
    lanes = (Lane("bass/1", VOICE, "bass", 200),)
    bars = (GridBar(1, 0, length, 4, 4),)
    return PartGrid(tokens, lanes, np.ones(1, bool), cells, {"bass": Sound("bass", 1, 33)}, 4, bars, None, 0)


def test_a_long_note_ends_in_the_messages_of_the_bar_that_it_begins_in():
    bar, ends = performed(voice_bar({12: (Hit(40, 90, 0, 3 * PPQ),)}), 120.0)
    assert [tick for tick, _ in bar.events] == [3 * PPQ, 6 * PPQ]
    assert ends == {(1, 40): 2 * PPQ}


def test_the_last_bar_ends_everything():
    bar, _ = performed(voice_bar({12: (Hit(40, 90, 0, 3 * PPQ),)}), 120.0, is_last=True)
    assert [tick for tick, _ in bar.events] == [3 * PPQ, BAR]


def test_programs_are_told_before_the_first_note_and_not_again():
    first, _ = performed(voice_bar({0: (Hit(40, 90, 0, 100),)}), 120.0, is_first=True)
    assert [data[0] for _, data in first.events] == [0xC1, 0x91, 0x81]
    later, _ = performed(voice_bar({0: (Hit(40, 90, 0, 100),)}), 120.0)
    assert [data[0] for _, data in later.events] == [0x91, 0x81]


def test_a_note_waits_for_the_end_of_the_one_before_and_none_begins_while_one_sounds():
    waiting, _ = performed(voice_bar({0: (Hit(40, 90, -30, 200),)}), 120.0, {(1, 40): 20})
    assert [tick for tick, _ in waiting.events] == [20, 170]
    held, ends = performed(voice_bar({0: (Hit(40, 90, 0, 200),)}), 120.0, {(1, 40): BAR + 10})
    assert held.events == ()
    assert ends == {(1, 40): 10}


def test_a_performance_that_goes_back_plays_the_same_again(combo):
    performer = Performer(Stream(combo, StreamSettings(2)))
    bars = [performer.next_bar().bar for _ in range(6)]
    performer.rewind(3)
    assert [performer.next_bar().bar for _ in range(3)] == bars[3:]
    performer.rewind(6)
    assert [performer.next_bar().bar for _ in range(6)] == bars
