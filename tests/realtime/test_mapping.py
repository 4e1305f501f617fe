"""Keys, knobs and pads: what they ask for, how they are learned, and the file that keeps them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import FileError, InputError
from sparseq.realtime.controls import Action
from sparseq.realtime.mapping import Binding, ControlMap, Request

HEAT = Binding(Action.SET, "temperature", 0.5, 1.5)
MUTE = Binding(Action.MUTE, "kick")


@pytest.fixture
def table():
    return ControlMap(
        {"cc 1 74": HEAT, "note 10 36": MUTE, "cc 16 64": Binding(Action.FREEZE), "key r": Binding(Action.REGENERATE)}
    )


def test_a_knob_gives_its_range(table):
    given = [table.midi(bytes([0xB0, 74, value])) for value in (0, 127)]
    assert given == [Request(Action.SET, "temperature", 0.5), Request(Action.SET, "temperature", 1.5)]


def test_a_pad_and_a_key_ask_when_they_are_pressed(table):
    assert table.midi(b"\x99\x24\x64") == Request(Action.MUTE, "kick", 1.0)
    assert table.midi(b"\x89\x24\x00") is None
    assert table.midi(b"\x99\x24\x00") is None
    assert table.key("r") == Request(Action.REGENERATE, "", 1.0)
    assert table.key("x") is None


def test_a_knob_asks_for_a_press_once_each_time_it_passes_the_middle(table):
    asked = [table.midi(bytes([0xBF, 64, value])) is not None for value in (10, 63, 64, 90, 127, 63, 127)]
    assert asked == [False, False, True, False, False, False, True]


@pytest.mark.parametrize("data", [b"\xb1\x4a\x40", b"\xf8", b"\xe0\x00\x40", b"", b"\x90\x25\x40"])
def test_what_is_not_bound_asks_for_nothing(table, data):
    assert table.midi(data) is None


@pytest.mark.parametrize(("data", "control"), [(b"\xb2\x10\x01", "cc 3 16"), (b"\x9f\x24\x40", "note 16 36")])
def test_the_next_control_that_moves_is_learned(table, data, control):
    table.learn(MUTE)
    assert table.is_learning
    assert table.midi(data) is None
    assert not table.is_learning
    assert table.bindings[control] == MUTE


def test_keys_are_learned_too_and_one_may_change_ones_mind(table):
    table.learn(MUTE)
    table.learn(None)
    assert table.key("k") is None
    table.learn(MUTE)
    table.key("k")
    assert table.key("k") == Request(Action.MUTE, "kick", 1.0)
    table.unbind("key k")
    assert table.key("k") is None


def test_a_table_comes_back_from_its_file(table, tmp_path):
    path = tmp_path / "map.json"
    table.save(path)
    assert ControlMap.load(path).bindings == table.bindings
    assert [file.name for file in tmp_path.iterdir()] == ["map.json"]
    assert json.loads(path.read_text())["version"] == 1


@given(
    st.dictionaries(
        st.sampled_from(["cc 1 1", "note 2 2", "key é"]),
        st.builds(Binding, st.just(Action.TEMPO), low=st.floats(20, 400)),
    )
)
def test_any_table_comes_back_from_its_text(bindings):
    assert ControlMap.from_json(ControlMap(bindings).to_json()).bindings == bindings


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"bindings": [{}]}',
        '{"bindings": [{"control": "cc 1", "action": "mute", "target": "a"}]}',
        '{"bindings": [{"control": "cc 1 1", "action": "dance"}]}',
        '{"bindings": [{"control": "cc 1 1", "action": "mute"}]}',
        '{"bindings": [{"control": "cc 1 200", "action": "undo"}]}',
        '{"bindings": [{"control": "key a", "action": "tempo", "low": "x"}]}',
    ],
)
def test_what_is_no_table_is_refused_in_one_line(text):
    with pytest.raises(InputError, match=r"^my file is not a control map: ") as caught:
        ControlMap.from_json(text, "my file")
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_or_written_are_named(table, tmp_path):
    with pytest.raises(FileError, match=r"nothing.json cannot be read"):
        ControlMap.load(tmp_path / "nothing.json")
    with pytest.raises(FileError, match=r"map.json cannot be written"):
        table.save(tmp_path / "no" / "map.json")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="it is not text"):
        ControlMap.load(tmp_path / "bytes")


def test_a_control_that_cannot_be_is_refused(table):
    with pytest.raises(InputError, match="'cc CHANNEL NUMBER'"):
        table.bind("fader 3", MUTE)
    with pytest.raises(InputError, match="needs a target"):
        Binding(Action.SOLO)
