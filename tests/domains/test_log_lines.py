import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.domains.log_lines import mine_templates, read_line, values_of, written
from sparseq.domains.loglines import BEGIN, END, UNKNOWN, LogDomain
from sparseq.errors import InputError


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T09:00:00.366Z INFO  a: b",
        "2026-03-02 09:00:00,5 x",
        "[2026-03-02T09:00:00+01:00] x",
        "Mar  2 09:00:01 host app[7]: hi",
        "no time",
        "2026-02-31T00:00:00Z no such day",
    ],
)
def test_time_and_message_are_the_whole_line(text: str) -> None:
    line = read_line(text)
    assert (line.stamp.text(line.micros) if line.stamp else "") + line.message == text


def test_a_time_goes_on_in_its_own_way_of_writing() -> None:
    line = read_line("2026-12-31T23:59:59.999Z x")
    assert line.stamp is not None
    assert line.stamp.text(line.micros + 1000) == "2027-01-01T00:00:00.000Z"


def test_templates_keep_words_and_open_places() -> None:
    pytest.importorskip("drain3", reason="templates are mined with drain3, of the extra lab")
    messages = ["user u1 from 10.0.0.1 took=5ms", "user u2 from 10.0.0.2 took=7ms", "stopped"]
    assert mine_templates(messages) == ["user <*> from <IP> took=<VAL>"] * 2 + ["stopped"]


@given(st.lists(st.text("abc 12", min_size=1).map(str.strip).filter(bool), min_size=2, max_size=2))
def test_values_written_into_a_template_are_found_in_it(values: list[str]) -> None:
    template = "x=<VAL>; y <*> z"
    assert values_of(template, written(template, values)) == tuple(values)
    assert values_of(template, "something else") is None


def test_a_log_is_a_grid_of_templates_and_gaps() -> None:
    pytest.importorskip("drain3", reason="templates are mined with drain3, of the extra lab")
    log = b"2026-01-01T00:00:00Z start 1\n2026-01-01T00:00:00Z start 2\n\n2026-01-01T02:00:00Z stop\n"
    domain = LogDomain({"a.log": log})
    cells = domain.encode(log)
    assert cells[[0, -1], 0].tolist() == [BEGIN, END]
    assert cells[1, 0] == cells[2, 0] != cells[3, 0]
    assert cells[1:4, 1].tolist() == [0, 1, 9]  # none before, at once, over an hour
    assert domain.decode(cells) == b"start <NUM>\nstart <NUM>\nstop\n"
    assert domain.token("start 77") == cells[1, 0]
    assert domain.token("never seen") == UNKNOWN


def test_an_empty_log_is_refused() -> None:
    with pytest.raises(InputError, match="got 0"):
        LogDomain({"a.log": b"\n"})
