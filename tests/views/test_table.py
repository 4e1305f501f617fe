import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.views.table import plain_text, render_table, text_width


def test_columns_are_aligned_with_numbers_to_the_right() -> None:
    rows = [("funk", 96, "4/4"), ("bossa nova", 132, "2/4")]
    assert render_table(("style", "bpm", "meter"), rows, right={"bpm"}).split("\n") == [
        "style       bpm  meter",
        "funk         96  4/4",
        "bossa nova  132  2/4",
    ]


def test_a_table_without_rows_is_its_header() -> None:
    assert render_table(("a", "b"), []) == "a  b"


def test_wide_and_combining_characters_are_counted_as_terminals_do() -> None:
    assert text_width("太鼓") == 4
    assert text_width("e\u0301") == 1
    lines = render_table(("name", "n"), [("太鼓", 1), ("drum", 2)]).split("\n")
    assert lines[1:] == ["太鼓  1", "drum  2"]


def test_a_file_cannot_command_the_terminal() -> None:
    assert plain_text("a\x1b[2Jb\nc\td\x07\x9b\udcff") == "a?[2Jb?c?d???"
    assert "\x1b" not in render_table(("name",), [("\x1b[31mred",)])


def test_colour_adds_codes_and_changes_nothing_else() -> None:
    coloured = render_table(("a", "b"), [("1", "2")], colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render_table(("a", "b"), [("1", "2")])
    assert "\x1b" in coloured


def test_a_row_of_another_length_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="zip"):
        render_table(("a", "b"), [("1",)])


@given(st.lists(st.tuples(st.text(max_size=9), st.integers()), max_size=9))
def test_every_table_has_a_line_a_row_and_no_trailing_blanks(rows: list[tuple[str, int]]) -> None:
    lines = render_table(("name", "n"), rows, right={"n"}).split("\n")
    assert len(lines) == 1 + len(rows)
    assert all(line == line.rstrip() for line in lines)
