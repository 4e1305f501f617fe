import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from sparseq.cli import options


def run(option, *words: str) -> tuple[int, object, str]:
    """Return exit code, the values that the command saw, and what stderr said."""
    seen = {}
    command = option(click.Command("do", callback=lambda **values: seen.update(values)))
    done = CliRunner().invoke(command, words)
    return done.exit_code, seen, done.stderr


@given(seed=st.integers(0, 2**64 - 1))
def test_every_seed_of_64_bits_is_taken_exactly(seed: int) -> None:
    assert run(options.seed_option(), "--seed", str(seed)) == (0, {"seed": seed}, "")


@pytest.mark.parametrize("word", ["-1", str(2**64), "1.5", "x", "", "nan"])
def test_a_wrong_seed_is_told_with_what_was_wanted(word: str) -> None:
    code, _, err = run(options.seed_option(), f"--seed={word}")
    assert code == 2
    assert f"wanted a whole number from 0 to 18446744073709551615, got '{word}'" in err


@pytest.mark.parametrize("word", ["20", "97.5", "400"])
def test_a_tempo_in_range_is_taken(word: str) -> None:
    assert run(options.bpm_option(), "--bpm", word) == (0, {"bpm": float(word)}, "")


@pytest.mark.parametrize("word", ["19.99", "400.1", "nan", "inf", "fast"])
def test_a_wrong_tempo_is_told_with_what_was_wanted(word: str) -> None:
    code, _, err = run(options.bpm_option(), "--bpm", word)
    assert code == 2
    assert f"wanted a number from 20 to 400, got '{word}'" in err


@pytest.mark.parametrize("word", ["0", "-0.0", "-1", "10.01", "nan"])
def test_a_wrong_temperature_is_told_with_what_was_wanted(word: str) -> None:
    code, _, err = run(options.temperature_option(), f"--temperature={word}")
    assert code == 2
    assert f"wanted a number above 0 to 10, got '{word}'" in err


@pytest.mark.parametrize("word", ["0.001", "10"])
def test_a_temperature_in_range_is_taken(word: str) -> None:
    assert run(options.temperature_option(), "--temperature", word) == (0, {"temperature": float(word)}, "")


@pytest.mark.parametrize("word", ["0", "10000", "2-3"])
def test_a_wrong_number_of_bars_is_told_with_what_was_wanted(word: str) -> None:
    code, _, err = run(options.bar_count_option(8), "--bars", word)
    assert code == 2
    assert f"wanted a whole number from 1 to 9999, got '{word}'" in err


def test_options_that_are_not_given_have_their_defaults() -> None:
    assert run(options.seed_option())[1] == {"seed": None}
    assert run(options.seed_option(7))[1] == {"seed": 7}
    assert run(options.bpm_option())[1] == {"bpm": None}
    assert run(options.temperature_option(1.0))[1] == {"temperature": 1.0}
    assert run(options.bar_count_option(8))[1] == {"bars": 8}
    assert run(options.bars_option())[1] == {"bars": None}
    assert run(options.loops_option())[1] == {"loops": ()}
    assert run(options.force_option())[1] == {"force": False}
    assert run(options.json_option())[1] == {"as_json": False}
    assert run(options.quiet_option())[1] == {"quiet": False}
    assert run(options.output_option(required=False))[1] == {"output": None}


def test_loops_are_collected_in_order() -> None:
    assert run(options.loops_option(), "--loops", "b", "--loops", "a")[1] == {"loops": ("b", "a")}


def test_a_required_option_is_missed() -> None:
    assert run(options.output_option())[0] == 2
    assert run(options.bars_option(required=True))[0] == 2
