import pytest

from sparseq.errors import InputError
from sparseq.jobs.bench.run import run_bench, total_rounds
from sparseq.jobs.bench.sizes import FULL, QUICK


def test_progress_is_told_as_often_as_was_said(report, ticks, tiny):
    assert ticks == [1] * total_rounds(tiny)


def test_a_run_that_cannot_be_done_measures_nothing(monkeypatch, tiny, tmp_path):
    ticks: list[int] = []
    with pytest.raises(Exception, match="nowhere"):
        run_bench(tiny, str(tmp_path / "nowhere"), ticks.append)
    monkeypatch.setenv("SPARSEQ_KERNEL", "reference")
    with pytest.raises(InputError, match="native"):
        run_bench(tiny, None, ticks.append)
    assert ticks == []


def test_a_quick_run_stops_at_a_hundred_thousand_rows_and_repeats_less():
    assert (QUICK.growth_rows[-1], FULL.growth_rows[-1]) == (10**5, 10**7)
    assert QUICK.rounds < FULL.rounds
    assert QUICK.attention_tokens == FULL.attention_tokens
