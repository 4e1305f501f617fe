import gc
import time
from types import SimpleNamespace

import pytest

from sparseq.jobs.bench.sizes import Sizes
from sparseq.jobs.bench.timing import Case, Timing, clock, measure, timed

AT_ONCE = Sizes(round_s=0.0)  # every case is slow
REPEATED = Sizes(round_s=1e6, most_calls=3)  # every case is fast


def ignore(_: int) -> None:
    pass


def cases_that_tell(told: list[str]) -> list[Case]:
    return [Case("a_us", lambda _: told.append("a")), Case("b_us", lambda _: told.append("b"))]


def test_a_timing_is_median_and_distance_between_quartiles():
    assert Timing.of([1, 2, 3, 4, 100]) == (3, 2, 5)


def test_slow_cases_take_turns_and_their_first_call_counts():
    told: list[str] = []
    found = measure(cases_that_tell(told), 3, AT_ONCE, ignore)
    assert told == ["a", "b"] * 3
    assert {name: timing.n_calls for name, timing in found.items()} == {"a_us": 3, "b_us": 3}


def test_fast_cases_are_called_several_times_a_turn_and_their_first_call_does_not_count():
    told: list[str] = []
    found = measure(cases_that_tell(told), 2, REPEATED, ignore)
    assert "".join(told) == "ab" + "aaabbb" * 2
    assert {name: timing.n_calls for name, timing in found.items()} == {"a_us": 6, "b_us": 6}


def test_every_call_gets_a_preparation_of_its_own():
    made: list[list[int]] = []

    def prepare() -> list[int]:
        made.append([])
        return made[-1]

    measure([Case("a_us", lambda ready: ready.append(1), prepare)], 2, REPEATED, ignore)
    assert made == [[1]] * 7


def test_progress_is_told_after_each_round():
    ticks: list[int] = []
    measure([Case("a_us", lambda _: None)], 4, AT_ONCE, ticks.append)
    assert ticks == [1] * 4


def test_the_garbage_collector_rests_meanwhile_and_is_back_even_after_an_error():
    seen: list[bool] = []
    measure([Case("a_us", lambda _: seen.append(gc.isenabled()))], 2, AT_ONCE, ignore)
    assert (seen, gc.isenabled()) == ([False] * 2, True)
    with pytest.raises(ZeroDivisionError):
        measure([Case("a_us", lambda _: 1 / 0)], 1, AT_ONCE, ignore)
    assert gc.isenabled()


def test_a_timed_call_hands_on_what_it_returns():
    found, us = timed(lambda ready: ready + 1, 1)
    assert found == 2
    assert us >= 0


@pytest.mark.parametrize(("resolution_s", "name"), [(1e-9, "process_time"), (0.0156, "perf_counter")])
def test_processor_time_is_read_where_its_clock_is_fine_enough(monkeypatch, resolution_s, name):
    monkeypatch.setattr(time, "get_clock_info", lambda _: SimpleNamespace(resolution=resolution_s))
    assert clock() == name
    assert timed(lambda _: None, None)[1] >= 0
