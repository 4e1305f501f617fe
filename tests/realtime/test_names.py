"""Which port a person means."""

import pytest

from sparseq.errors import PortError
from sparseq.realtime.names import choose_port

NAMES = ["Synth", "synth", "Drum Machine", "Drum Module", "IAC Bus 1"]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [("Synth", 0), ("synth", 1), ("machine", 2), ("iac", 4), ("IAC BUS 1", 4), ("drum mod", 3)],
)
def test_exact_names_win_else_the_only_one_with_the_word(wanted, index):
    assert choose_port(wanted, NAMES) == index


def test_a_name_in_two_systems_means_the_first():
    assert choose_port("synth", ["Synth", "Synth"]) == 0
    assert choose_port("syn", ["Other", "Synth", "Synth"]) == 1


def test_an_ambiguous_name_lists_the_candidates():
    with pytest.raises(PortError, match=r"'drum' could be any of 'Drum Machine', 'Drum Module': give more"):
        choose_port("drum", NAMES)


@pytest.mark.parametrize("wanted", ["Dum Machne", ""])
def test_an_unknown_name_lists_what_there_is(wanted):
    with pytest.raises(PortError, match=r"there are 'Synth', .*'IAC Bus 1', 'virtual' and 'null'") as caught:
        choose_port(wanted, NAMES)
    assert ("did you mean 'Drum Machine'?" in str(caught.value)) == bool(wanted)


def test_without_any_port_the_others_are_offered():
    with pytest.raises(PortError, match="none to choose from: use 'virtual' or 'null'"):
        choose_port("synth", [])
