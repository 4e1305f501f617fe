import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.music.grid import GridBar
from sparseq.views.layout import beats_of, columns_of, systems_of

meters = st.tuples(st.integers(1, 15), st.sampled_from([1, 2, 4, 8, 16, 32]))


def make_bars(n_bars: int, length_steps: int, numerator: int = 4, denominator: int = 4) -> list[GridBar]:
    return [GridBar(index + 1, index * length_steps, length_steps, numerator, denominator) for index in range(n_bars)]


def felt(numerator: int, denominator: int, steps_per_beat: int, length_steps: int) -> list[tuple[int, str]]:
    """Return where the beats of a bar begin, and what they are called."""
    bar = GridBar(1, 0, length_steps, numerator, denominator)
    return [(beat.start_step, beat.label) for beat in beats_of(bar, steps_per_beat)]


@pytest.mark.parametrize(
    ("numerator", "denominator", "steps_per_beat", "length_steps", "beats"),
    [
        (4, 4, 4, 16, [(0, "1"), (4, "2"), (8, "3"), (12, "4")]),
        (3, 4, 3, 9, [(0, "1"), (3, "2"), (6, "3")]),
        (2, 2, 4, 16, [(0, "1"), (8, "2")]),
        (6, 8, 4, 12, [(0, "1"), (6, "4")]),
        (12, 8, 2, 12, [(0, "1"), (3, "4"), (6, "7"), (9, "10")]),
        (3, 8, 4, 6, [(0, "1")]),
        (7, 8, 4, 14, [(0, "1"), (2, "2"), (4, "3"), (6, "4"), (8, "5"), (10, "6"), (12, "7")]),
        (7, 16, 4, 7, [(0, "1"), (4, "5")]),
        (9, 16, 4, 9, [(0, "1"), (3, "4"), (6, "7")]),
        (4, 4, 1, 4, [(0, "1"), (1, "2"), (2, "3"), (3, "4")]),
        (7, 8, 3, 11, [(0, "1"), (2, "2"), (3, "3"), (5, "4"), (6, "5"), (8, "6"), (9, "7")]),  # eighths of 1.5 steps
    ],
)
def test_a_bar_is_cut_as_its_meter_is_felt(numerator, denominator, steps_per_beat, length_steps, beats) -> None:
    assert felt(numerator, denominator, steps_per_beat, length_steps) == beats


def test_a_bar_that_is_cut_short_ends_early_and_a_longer_one_counts_on() -> None:
    assert felt(4, 4, 4, 6) == [(0, "1"), (4, "2")]
    assert felt(2, 4, 4, 12) == [(0, "1"), (4, "2"), (8, "3")]


@given(meter=meters, steps_per_beat=st.integers(1, 96), length_steps=st.integers(1, 400), start=st.integers(0, 999))
def test_beats_cover_every_bar_without_gaps(meter, steps_per_beat, length_steps, start) -> None:
    beats = beats_of(GridBar(1, start, length_steps, *meter), steps_per_beat)
    steps = [step for beat in beats for step in range(beat.start_step, beat.stop_step)]
    assert steps == list(range(start, start + length_steps))
    assert all(beat.start_step < beat.stop_step for beat in beats)


@given(
    meter=meters,
    steps_per_beat=st.integers(1, 24),
    length_steps=st.integers(1, 200),
    n_bars=st.integers(0, 20),
    width=st.integers(1, 150),
)
def test_systems_show_every_step_once_within_the_width(meter, steps_per_beat, length_steps, n_bars, width) -> None:
    bars = make_bars(n_bars, length_steps, *meter)
    systems = systems_of(bars, steps_per_beat, width)
    columns = [columns_of(system) for system in systems]
    steps = [column.step for line in columns for column in line if column.step is not None]
    assert steps == list(range(n_bars * length_steps))
    for system, line in zip(systems, columns, strict=True):
        is_one_beat = len(system) == 1 and len(system[0].beats) == 1
        assert len(line) <= width or is_one_beat
    assert [column.bar_label for line in columns for column in line if column.bar_label] == [
        str(number + 1) for number in range(n_bars)
    ]


@pytest.mark.parametrize(
    ("n_bars", "width", "lines"),
    [
        (3, 61, [3]),  # all fit: 3 x 20 columns and the closing line
        (3, 60, [2, 1]),
        (8, 101, [4, 4]),  # five would fit, but phrases are of four
        (8, 161, [8]),
        (9, 161, [8, 1]),
        (2, 21, [1, 1]),
    ],
)
def test_lines_hold_as_many_bars_as_phrases_do(n_bars: int, width: int, lines: list[int]) -> None:
    assert [len(system) for system in systems_of(make_bars(n_bars, 16), 4, width)] == lines


def test_a_bar_wider_than_a_line_is_cut_between_beats() -> None:
    (first, second) = systems_of(make_bars(1, 16), 4, 16)
    assert [[beat.label for beat in piece.beats] for piece in (*first, *second)] == [["1", "2", "3"], ["4"]]
    assert (first[0].opens, first[0].closes, second[0].opens, second[0].closes) == (True, False, False, True)


def test_bar_lines_stand_around_bars_and_blanks_between_beats() -> None:
    (system,) = systems_of(make_bars(2, 4, 2, 4), 2, 80)
    columns = columns_of(system)
    assert "".join(column.sign if column.step is None else "." for column in columns) == "|.. ..|.. ..|"
