import numpy as np
import pytest

from sparseq.domains.regions import parse_numbers, region
from sparseq.errors import InputError


def test_numbers_count_from_one_and_ranges_include_their_end() -> None:
    assert parse_numbers("2-3, 5", 5, "row") == [1, 2, 4]
    assert parse_numbers(None, 3, "row") == [0, 1, 2]


@pytest.mark.parametrize("text", ["", "0", "6", "3-2", "a", "1;2", "4-6"])
def test_other_numbers_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="rows: wanted"):
        parse_numbers(text, 5, "row")


def test_a_region_is_where_columns_and_rows_meet() -> None:
    assert np.argwhere(region("2", "1-2", 3, 2)).tolist() == [[1, 0], [1, 1]]
