from sparseq.jobs.bench.tables import _rounded, _us, all_tables
from sparseq.jobs.bench.timing import Timing


def test_every_table_has_a_cell_under_every_header(report):
    tables = all_tables(report)
    assert [table.title.split()[0] for table in tables] == [
        *("attention", "patterns", "decode", "slots", "one", "memory", "ratios")
    ]
    for table in tables:
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.headers)}
        assert table.note


def test_every_ratio_of_the_run_is_in_the_last_table(report):
    assert [row[0] for row in all_tables(report)[-1].rows] == list(report.ratios())


def test_numbers_have_three_digits_or_as_many_as_stand_before_the_point():
    assert [_rounded(x) for x in (0.1234, 1.234, 12.34, 123.4, 123456.7)] == ["0.12", "1.23", "12.3", "123", "123457"]


def test_a_figure_of_one_call_says_so_in_place_of_its_spread():
    assert [_us(Timing(12.34, 0.5, n)) for n in (2, 1)] == ["12.3 (0.50)", "12.3 (one call)"]
