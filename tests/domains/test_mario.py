from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.domains.mario import TILES, fill_context, parse_level, read_levels, render_level, stream_context
from sparseq.domains.mario_baselines import (
    BREAK,
    PUBLISHED_SEEDS,
    Xorshift,
    corpus_tokens,
    level_of,
    markov_tokens,
    published_table,
    uniform_tokens,
)
from sparseq.domains.mario_metrics import longest_copy, measure, novelty, whole_pipes
from sparseq.engine.context import check_causal
from sparseq.errors import FileError, InputError

LEVEL = "-----\n-?-<>\nM--[]\nXXX-X\n"


@given(st.integers(1, 9).flatmap(lambda n: st.lists(st.text(TILES, min_size=n, max_size=n), min_size=1, max_size=6)))
def test_a_level_comes_back_as_it_was(rows: list[str]) -> None:
    text = "".join(f"{row}\n" for row in rows)
    cells = parse_level(text)
    assert (cells.shape, cells.dtype) == ((len(rows[0]), len(rows)), np.uint16)
    assert render_level(cells) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "wanted rows of tiles, got an empty file"),
        ("XX\nX\n", "wanted rows of one length, got 2 tiles in row 1 and 1 in row 2"),
        ("XX\nXz\n", "got 'z' in row 2, column 2"),
        ("X\n" * 65, "wanted at most 64 rows, got 65"),
    ],
)
def test_what_is_no_level_is_refused_in_a_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_level(text, "a.txt")


def test_a_folder_is_read_by_name_and_must_agree_in_height(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text(LEVEL)
    (tmp_path / "a.txt").write_text("X" + LEVEL[1:])
    (tmp_path / "notes.md").write_text("no level")
    assert [cells[0, 0] for cells in read_levels(tmp_path)] == [TILES.index("X"), TILES.index("-")]
    (tmp_path / "c.txt").write_text("X\n")
    with pytest.raises(InputError, match=r"c.txt: wanted 4 rows as in a.txt, got 1"):
        read_levels(tmp_path)


def test_an_empty_folder_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got none"):
        read_levels(tmp_path)
    with pytest.raises(FileError, match="no such file"):
        read_levels(tmp_path / "no")


@pytest.mark.parametrize("n_rows", [1, 2, 14, 30])
def test_a_stream_looks_only_at_what_is_decided(n_rows: int) -> None:
    check_causal(stream_context(n_rows), range(n_rows))
    assert fill_context(n_rows).lanes.tolist() == list(range(n_rows))


def test_measures_of_a_level_by_hand() -> None:
    found = measure(parse_level(LEVEL), [parse_level(LEVEL)])
    assert found["density"] == 10 / 20
    assert found["linearity"] == pytest.approx(np.std([3, 3, 3, 4, 3]))  # the gap counts as one below the last row
    assert found["leniency"] == pytest.approx((1 - 1) / 5)  # one gap, one question block
    assert found["playable"] == 4 / 5
    assert (found["novelty"], found["longest_copy"], found["pipes"]) == (0.0, 5, 1.0)
    distance = (0.5 - 0.30) ** 2 + (found["linearity"] - 0.33) ** 2 + 0.04**2 + 0.2**2
    assert found["l2"] == pytest.approx(distance**0.5)


def test_novelty_is_of_the_nearest_window() -> None:
    corpus = [parse_level("-X-X-\n"), parse_level("--\n")]
    assert novelty(parse_level("XX\n"), corpus) == 0.5
    assert novelty(parse_level("XXXXXX\n"), corpus) == 1.0


def test_the_longest_copy_counts_columns_anywhere() -> None:
    assert longest_copy(parse_level("XX-o-\n"), [parse_level("--X-o\n")]) == 3
    assert longest_copy(parse_level("E\n"), [parse_level("X\n")]) == 0


@pytest.mark.parametrize(("text", "share"), [("<-\n[]\n", 1 / 3), ("<>\n[]\n", 1.0), ("XX\n[]\n", 0.0), ("--\n", 1.0)])
def test_a_pipe_is_whole_with_both_sides_and_its_upper_end(text: str, share: float) -> None:
    assert whole_pipes(parse_level(text)) == pytest.approx(share)


def test_tokens_of_the_corpus_are_rows_with_breaks() -> None:
    x, sky = TILES.index("X"), TILES.index("-")
    assert corpus_tokens([parse_level("X-\n--\n"), parse_level("X\nX\n")]).tolist() == [
        *(x, sky, BREAK, sky, sky, BREAK),
        *(x, BREAK, x),
    ]


def test_tokens_draw_a_level_with_breaks_and_full_rows() -> None:
    drawn = level_of(np.array([1, BREAK, 1, 1, 1, BREAK, 1, 1, 1, 1]), 2, 4)
    assert render_level(drawn) == "X-\nXX\nX-\nXX\n"


def test_the_draws_are_those_of_the_published_tables() -> None:
    draws = Xorshift(1)
    assert [draws.word() for _ in range(3)] == [270369, 67634689, 2647435461]  # the well-known start from 1
    assert len(set(uniform_tokens(200, PUBLISHED_SEEDS[0]).tolist())) == BREAK + 1
    table = published_table()
    assert table.shape == (15, 64)
    assert abs(float(table.mean())) < 0.1
    assert abs(float(table.std()) - 1.0) < 0.1


def test_a_markov_chain_follows_only_what_follows_in_the_corpus() -> None:
    corpus = corpus_tokens([parse_level("M-XXXXX\n--------\n".replace("M-XXXXX\n", "M-XXXXX-\n"))])
    made = markov_tokens(corpus, 300, 5).tolist()
    pairs = set(pairwise(corpus.tolist()))
    assert set(pairwise(made[17:])) <= pairs
