import pytest

from sparseq.jobs.desk import DIALS, HELP, Desk
from sparseq.jobs.play import Performance, PlaySettings
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.realtime.clock import ManualClock
from sparseq.realtime.controls import Action
from sparseq.realtime.mapping import Binding, ControlMap
from sparseq.realtime.outputs import NullPort

CC = bytes([0xB0, 74, 127])
PAD = bytes([0x90, 36, 100])


class Studio:
    """A desk, what it said, what it kept, and what was asked of the others."""

    def __init__(self, stream, table=None, **options):
        self.said, self.kept, self.saved, self.tempos = [], [], [], []
        clock = ManualClock()
        self.performance = Performance(stream, NullPort(), clock, PlaySettings(), on_save=self.saved.append)
        table = table or ControlMap()
        self.desk = Desk(self.performance, table, self.said.append, self.kept.append, **options)

    def press(self, *keys):
        for key in keys:
            self.desk.key(key)
        return self

    @property
    def state(self):
        return self.performance.controls.state


@pytest.fixture
def studio(few):
    def make(table=None, **options):
        return Studio(Stream(few, StreamSettings(seed=1, bpm=120.0)), table, **options)

    return make


@pytest.mark.parametrize(
    ("keys", "setting", "value"),
    [
        ("TT", "temperature", 1.21),
        ("t", "temperature", 0.909),
        ("DDD", "density", 0.3),
        ("d", "density", -0.1),
        ("WWww", "swing", 50.0),
        ("g", "feel", 0.9),
    ],
)
def test_keys_turn_settings_step_by_step(studio, keys, setting, value):
    assert studio().press(*keys).state.values[setting] == pytest.approx(value)


@pytest.mark.parametrize(("key", "setting"), [("T", "temperature"), ("D", "density"), ("W", "swing"), ("G", "feel")])
def test_no_setting_leaves_its_range(studio, key, setting):
    assert studio().press(*key * 99).state.values[setting] == DIALS[setting].high
    assert studio().press(*key.lower() * 99).state.values[setting] == DIALS[setting].low


def test_the_tempo_goes_by_one(studio):
    assert studio().press("+").state.bpm == 121.0
    assert studio().press("-").state.bpm == 119.0


def test_the_tempo_of_a_clock_is_not_ours_to_change(studio):
    mine = studio(has_master=True).press("+")
    assert mine.state.bpm is None
    assert "clock" in mine.said[0]


def test_the_tempo_of_a_session_is_asked_for_there(studio):
    asked = []
    mine = studio(has_master=True, set_tempo=asked.append).press("+")
    assert (asked, mine.state.bpm, mine.said) == ([121.0], None, [])


def test_arrows_choose_what_is_muted_soloed_and_locked(studio):
    mine = studio()
    parts = list(mine.performance.controls.parts)
    assert mine.desk.chosen == parts[0] == "drums"
    mine.press("down", "m", "down", "o", "up", "up", "up", "l")
    assert (mine.state.muted, mine.state.soloed, mine.state.locked) == ({parts[1]}, {parts[2]}, {parts[-1]})


def test_a_key_saves_the_last_bars(studio):
    assert studio(last_bars=4).press("s").saved == [4]


def test_a_question_mark_shows_and_hides_the_help(studio):
    desk = studio().press("?").desk
    assert (desk.shows_help, desk.help()) == (True, HELP)
    desk.key("?")
    assert not desk.shows_help


def test_a_key_without_a_meaning_does_nothing(studio):
    mine = studio().press("Z", "ä", "\t")
    assert (mine.state.values, mine.said) == ({}, [])


def test_undo_takes_the_last_turn_back(studio):
    assert studio().press("T", "D", "u").state.values == {"temperature": 1.1}


def test_a_knob_learns_a_setting_and_the_table_is_kept(studio):
    mine = studio().press("x", "T")
    mine.desk.midi(0.0, CC)
    assert mine.kept[0].bindings == {"cc 1 74": Binding(Action.SET, "temperature", 0.2, 4.0)}
    assert mine.state.values == {}
    mine.desk.midi(0.0, CC)
    assert mine.state.values == {"temperature": 4.0}


def test_a_pad_learns_the_mute_of_the_chosen_part(studio):
    mine = studio().press("down", "x", "m")
    mine.desk.midi(0.0, PAD)
    mine.desk.midi(0.0, PAD)
    assert mine.state.muted == {mine.desk.chosen}


def test_a_pad_goes_to_the_next_set_each_time(studio):
    mine = studio(ControlMap({"note 1 36": Binding(Action.SET, "set")}))
    for _ in range(2):
        mine.desk.midi(0.0, PAD)
    assert mine.state.values == {"set": 2}


def test_to_learn_nothing_is_said(studio):
    mine = studio().press("x", "x")
    assert mine.said[-1] == "nothing learnt"
    mine.desk.midi(0.0, CC)
    assert mine.kept == []


def test_what_a_knob_asks_for_in_vain_is_said(studio):
    mine = studio(ControlMap({"cc 1 74": Binding(Action.MUTE, "tuba")}))
    mine.desk.midi(0.0, CC)
    assert "tuba" in mine.said[0]


def test_a_key_in_the_table_goes_before_ours(studio):
    assert studio(ControlMap({"key T": Binding(Action.SET, "density", high=0.5)})).press("T").state.values == {
        "density": 0.5
    }


def test_the_state_is_told_in_words(studio):
    mine = studio()
    assert mine.desk.words() == ["120.0 bpm", "temperature 1.00", "[drums]"]
    mine.press("D", "W", "down", "m", "o", "l")
    chosen = mine.desk.chosen
    assert mine.desk.words()[2:] == [
        "density +0.1",
        "swing 51 %",
        f"muted: {chosen}",
        f"solo: {chosen}",
        f"locked: {chosen}",
        f"[{chosen}]",
    ]
