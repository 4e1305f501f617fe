import re
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.grid import DrumGrid, GridBar, Hit
from sparseq.music.lanes import LANES
from sparseq.views.textgrid import KIT_FROM_TOP, drawing_order, legend, render_grid

VELOCITIES = {"o": 30, "x": 80, "X": 120}
FIRST_PERCUSSION = LANES.index("tambourine")


def make_grid(rows: dict[str, str], *, bar_steps: int = 16, meter: tuple[int, int] = (4, 4), beat: int = 4) -> DrumGrid:
    """Build a grid from rows as the ASCII picture has them."""
    lanes = tuple(rows)
    picture = [row.replace(" ", "").replace("|", "") for row in rows.values()]
    n_steps = len(picture[0]) if picture else bar_steps
    tokens_tl = np.array([[sign != "." for sign in row] for row in picture], np.uint8).reshape(-1, n_steps).T
    hits = {
        (step, lane): (Hit(36, VELOCITIES[sign], 0, 100),)
        for lane, row in enumerate(picture)
        for step, sign in enumerate(row)
        if sign != "."
    }
    n_bars = n_steps // bar_steps
    bars = tuple(GridBar(number + 1, number * bar_steps, bar_steps, *meter) for number in range(n_bars))
    return DrumGrid(tokens_tl, lanes, hits, beat, bars)


def picture(*lines: str) -> str:
    return "\n".join(lines)


GROOVE = make_grid(
    {
        "kick": "X... .... x... ....|X... ..x. x... ....",
        "snare": ".... X..o .o.. X...|.... X... .o.. X.oo",
        "closed_hat": "x.o. x.o. x.o. x.o.|x.o. x.o. x.o. ....",
        "crash": ".... .... .... ....|.... .... .... ...X",
    }
)


def test_a_groove_reads_like_a_stave() -> None:
    assert render_grid(GROOVE, unicode=False) == picture(
        "            1                   2",
        "            1    2    3    4    1    2    3    4",
        "crash      |.... .... .... ....|.... .... .... ...X|",
        "closed_hat |x.o. x.o. x.o. x.o.|x.o. x.o. x.o. ....|",
        "snare      |.... X..o .o.. X...|.... X... .o.. X.oo|",
        "kick       |X... .... x... ....|X... ..x. x... ....|",
    )


def test_chosen_bars_keep_their_numbers() -> None:
    assert render_grid(GROOVE, bars=[2], unicode=True) == picture(
        "            2",
        "            1    2    3    4",
        "crash      |···· ···· ···· ···◉|",
        "closed_hat |●·○· ●·○· ●·○· ····|",
        "snare      |···· ◉··· ·○·· ◉·○○|",
        "kick       |◉··· ··●· ●··· ····|",
    )


def test_chosen_lanes_are_shown_in_the_usual_order() -> None:
    assert render_grid(GROOVE, bars=[1], lanes={"kick", "snare", "cowbell"}, unicode=False) == picture(
        "       1",
        "       1    2    3    4",
        "snare |.... X..o .o.. X...|",
        "kick  |X... .... x... ....|",
    )


def test_a_compound_meter_is_grouped_in_threes() -> None:
    grid = make_grid({"kick": "x...x.|x...oo"}, bar_steps=6, meter=(6, 8), beat=2)
    assert render_grid(grid, unicode=False) == picture(
        "      1       2",
        "      1   4   1   4",
        "kick |x.. .x.|x.. .oo|",
    )


def test_lines_break_between_bars_with_a_blank_line() -> None:
    first, second = render_grid(GROOVE, width=40).split("\n\n")
    assert first == render_grid(GROOVE, bars=[1])
    assert second == render_grid(GROOVE, bars=[2])


def test_a_bar_that_is_too_long_goes_on_without_a_bar_line() -> None:
    grid = make_grid({"kick": "x... .... X... ...o"})
    assert render_grid(grid, width=17, unicode=False) == picture(
        "      1",
        "      1    2",
        "kick |x... ....",
        "",
        "",
        "      3    4",
        "kick  X... ...o|",
    )


def test_the_playhead_stands_over_its_step() -> None:
    grid = make_grid({"kick": "x... .... X... ...o"})
    assert render_grid(grid, unicode=False, playhead_step=6) == picture(
        "      1",
        "      1    2    3    4",
        "             v",
        "kick |x... .... X... ...o|",
    )


def test_the_playhead_shows_only_in_its_own_line() -> None:
    first, second = render_grid(GROOVE, width=40, playhead_step=17).split("\n\n")
    assert "▼" not in first
    assert second.count("▼") == 1


def test_masked_cells_are_shaded_where_they_rest() -> None:
    grid = make_grid({"kick": "x... .... X... ....", "snare": ".... x... .... x..."})
    mask = np.zeros((16, 2), bool)
    mask[4:12, 0] = True
    assert render_grid(grid, unicode=False, mask=mask).splitlines()[2:] == [
        "snare |.... x... .... x...|",
        "kick  |x... :::: X::: ....|",
    ]


def test_a_hit_without_a_record_of_its_playing_is_a_normal_one() -> None:
    tokens_tl = np.ones((4, 1), np.uint8)
    grid = DrumGrid(tokens_tl, ("kick",), {}, 1, (GridBar(1, 0, 4, 4, 4),))
    assert render_grid(grid, unicode=False).splitlines()[-1] == "kick |x x x x|"


@pytest.mark.parametrize(("velocity", "sign"), [(1, "o"), (47, "o"), (48, "x"), (111, "x"), (112, "X"), (127, "X")])
def test_the_loudest_hit_of_a_cell_gives_the_sign(velocity: int, sign: str) -> None:
    hits = {(0, 0): (Hit(36, 1, -3, 10), Hit(36, velocity, 0, 10))}
    grid = DrumGrid(np.ones((1, 1), np.uint8), ("kick",), hits, 1, (GridBar(1, 0, 1, 1, 4),))
    assert render_grid(grid, unicode=False).splitlines()[-1] == f"kick |{sign}|"


@pytest.mark.parametrize("bars", [[3], [0], [1, 9]])
def test_a_bar_that_is_not_there_is_told_with_the_range(bars: Sequence[int]) -> None:
    with pytest.raises(InputError, match=rf"wanted bar {max(set(bars) - {1})}, but there are bars 1-2"):
        render_grid(GROOVE, bars=bars)


def test_a_mask_of_another_shape_is_told() -> None:
    with pytest.raises(InputError, match=r"wanted a mask of shape \(32, 4\), got \(4, 32\)"):
        render_grid(GROOVE, mask=np.zeros((4, 32), bool))


def without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("playhead_step", [None, 0, 20])
@pytest.mark.parametrize("mask", [None, np.eye(32, 4, dtype=bool)])
def test_colour_adds_codes_and_changes_nothing_else(playhead_step, mask) -> None:
    plain = render_grid(GROOVE, playhead_step=playhead_step, mask=mask)
    coloured = render_grid(GROOVE, playhead_step=playhead_step, mask=mask, colour=True)
    assert "\x1b" not in plain
    assert coloured != plain
    assert without_colour(coloured) == plain


def test_every_colour_is_switched_off_in_its_own_line() -> None:
    for line in render_grid(GROOVE, colour=True, playhead_step=3).splitlines():
        codes = re.findall(r"\x1b\[([0-9;]*)m", line)
        assert codes[1::2] == ["0"] * (len(codes) // 2)
        assert "0" not in codes[::2]


def test_the_ascii_picture_is_ascii() -> None:
    mask = np.ones((32, 4), bool)
    assert render_grid(GROOVE, unicode=False, playhead_step=0, mask=mask).isascii()
    assert legend(unicode=False, masked=True).isascii()


def test_the_legend_names_every_sign() -> None:
    assert legend() == "· rest   ○ ghost note   ● hit   ◉ accent"
    assert legend(unicode=False, masked=True) == ". rest   o ghost note   x hit   X accent   : masked"


def test_the_kit_has_a_row_for_each_of_its_lanes() -> None:
    assert sorted(KIT_FROM_TOP) == sorted(LANES[:FIRST_PERCUSSION])


def test_cymbals_stand_on_top_of_the_kit_and_the_kick_at_the_bottom() -> None:
    ordered = [LANES[lane] for lane in drawing_order(LANES)]
    assert ordered == [*LANES[FIRST_PERCUSSION:], *KIT_FROM_TOP]
    assert KIT_FROM_TOP[0] == "crash"
    assert KIT_FROM_TOP[-1] == "kick"


@given(
    rows=st.dictionaries(st.sampled_from(LANES), st.text("oxX.", min_size=28, max_size=28), max_size=6),
    width=st.integers(1, 120),
)
def test_any_grid_at_any_width_shows_each_cell_once(rows: dict[str, str], width: int) -> None:
    grid = make_grid(rows, bar_steps=14, meter=(7, 8))
    shown: dict[str, str] = dict.fromkeys(rows, "")
    for line in render_grid(grid, unicode=False, width=width).splitlines():
        name = line.split(" ")[0]
        if name in rows:
            shown[name] += re.sub(r"[ |]", "", line[len(name) :])
    assert shown == rows


def test_a_grid_without_lanes_is_only_its_header() -> None:
    assert render_grid(make_grid({})) == "  1\n  1    2    3    4"
