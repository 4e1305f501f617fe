"""What a musician asks for while it plays: done with the next bar, undone the same way, and never a gap."""

import threading
from itertools import pairwise

import pytest

from sparseq.errors import InputError
from sparseq.realtime.bar import Bar
from sparseq.realtime.clock import ManualClock
from sparseq.realtime.controls import Action, Controls, Part
from sparseq.realtime.lookahead import Word
from sparseq.realtime.outputs import RecordingPort
from sparseq.realtime.sequencer import Sequencer
from sparseq.realtime.tape import Tape

PPQ = 24
PARTS = {"kick": Part(9, frozenset([36])), "snare": Part(9, frozenset([38])), "bass": Part(1)}


def bar(number):
    """Return a bar of one quarter with a kick, a snare and a bass note, and its number in the bass."""
    events = [(0, b"\x99\x24\x64"), (0, bytes([0x91, number, 80])), (6, b"\x89\x24\x40"), (6, bytes([0x81, number, 0]))]
    return Bar(PPQ, 60.0, PPQ, (*events, (12, b"\x99\x26\x50"), (18, b"\x89\x26\x40")), tag=number)


BARS = [bar(number) for number in range(64)]


class Stage:
    """Plays bars 0, 1, 2, ... and does what the test says when a bar of a certain index is announced."""

    def __init__(self, **acts):
        self.controls = Controls(PARTS, on_save=lambda count: self.saved.append(count))
        self.acts = {int(name[1:]): act for name, act in acts.items()}
        self.heard, self.saved = [], []
        self.clock = ManualClock()
        self.port, self.tape = RecordingPort(self.clock), Tape()
        options = {"tape": self.tape, "on_bar": self.announce, "controls": self.controls}
        self.sequencer = Sequencer(self.port, self.clock, **options)

    def announce(self, index, played, is_repeat):
        self.heard.append(played.tag)
        if index in self.acts:
            self.acts[index](self.controls)

    def play(self, count=8):
        self.sequencer.play(BARS[:count])
        return self

    def sent(self, pitch, channel=9):
        return [data for _, data in self.port.events if data[:2] == bytes([0x90 | channel, pitch])]


def ask(*what):
    return lambda controls: controls.ask(*what)


def test_without_a_wish_all_is_as_it_is_made():
    stage = Stage().play()
    assert stage.heard == list(range(8))
    assert [placed.bar for placed in stage.tape.bars] == BARS[:8]


def test_regenerate_plays_another_bar_than_the_one_that_was_next():
    assert Stage(a2=ask(Action.REGENERATE)).play().heard == [0, 1, 2, 4, 5, 6, 7]


def test_a_bar_that_is_not_made_in_time_is_replaced_by_the_one_before_the_wish():
    controls, made = Controls(PARTS), [BARS[0], BARS[1], *[Word.NOT_YET] * 3, BARS[2], Word.NOT_YET]

    def make(is_anew):
        return made.pop(0)

    assert controls.take(make).tag == 0
    controls.ask(Action.REGENERATE)
    controls.prepare(make)
    assert controls.take(make).tag == 1  # 2 is not there yet
    assert controls.take(make) is Word.NOT_YET
    assert controls.take(make).tag == 2


def test_undo_brings_back_the_bar_that_was_to_come():
    stage = Stage(a2=ask(Action.REGENERATE), a3=ask(Action.UNDO)).play()
    assert stage.heard == [0, 1, 2, 4, 3, 5, 6, 7]


def test_undo_before_the_bar_comes_keeps_what_was_to_come():
    def both(controls):
        controls.ask(Action.REGENERATE)
        controls.ask(Action.UNDO)

    assert Stage(a2=both).play().heard == list(range(8))


def test_freeze_loops_the_bar_that_sounds_and_goes_on_where_it_was():
    """When bar 3 is announced, bar 2 still sounds."""
    stage = Stage(a3=ask(Action.FREEZE), a6=ask(Action.FREEZE)).play()
    assert stage.heard == [0, 1, 2, 3, 2, 2, 2, 4, 5, 6, 7]


def test_undo_ends_a_freeze():
    stage = Stage(a3=ask(Action.FREEZE), a5=ask(Action.UNDO)).play()
    assert stage.heard == [0, 1, 2, 3, 2, 2, 4, 5, 6, 7]


def test_a_frozen_bar_is_as_it_was_made_when_a_mute_ends():
    stage = Stage(
        a0=ask(Action.MUTE, "kick"), a3=ask(Action.FREEZE), a4=ask(Action.MUTE, "kick"), a6=ask(Action.FREEZE)
    )
    stage.play(5)
    assert stage.heard == [0, 1, 2, 3, 2, 2, 2, 4]
    assert len(stage.sent(36)) == 4  # the first bar, and from the second time of bar 2 on


def test_freeze_before_anything_sounds_changes_nothing():
    controls = Controls(PARTS)
    controls.ask(Action.FREEZE)
    assert controls.take(lambda is_anew: BARS[0]).tag == 0


def test_a_muted_part_is_silent_from_the_next_bar_and_the_others_are_not():
    stage = Stage(a1=ask(Action.MUTE, "kick"), a4=ask(Action.MUTE, "kick")).play(8)
    assert len(stage.sent(36)) == 2 + 3
    assert len(stage.sent(38)) == 8
    assert [len(stage.sent(number, 1)) for number in range(8)] == [1] * 8


def test_a_solo_silences_all_other_parts():
    stage = Stage(a1=ask(Action.SOLO, "bass"), a4=ask(Action.SOLO, "bass")).play(8)
    assert (len(stage.sent(36)), len(stage.sent(38))) == (5, 5)
    assert [len(stage.sent(number, 1)) for number in range(8)] == [1] * 8


def test_the_end_of_a_note_that_began_before_the_mute_is_kept():
    held = Bar(PPQ, 60.0, PPQ, ((0, b"\x99\x24\x64"),))
    ends = Bar(PPQ, 60.0, PPQ, ((3, b"\x89\x24\x40"), (6, b"\x99\x24\x64"), (9, b"\x89\x24\x40")))
    controls = Controls(PARTS)
    controls.ask(Action.MUTE, "kick")
    assert controls.take(lambda is_anew: ends).events == ((3, b"\x89\x24\x40"),)
    assert controls.take(lambda is_anew: held).events == ()


def test_the_tempo_that_was_asked_for_holds_and_undo_gives_it_back():
    stage = Stage(a1=ask(Action.TEMPO, "", 120.0), a4=ask(Action.UNDO)).play()
    assert stage.tape.tempos == ((0, 60.0), (2 * PPQ, 120.0), (5 * PPQ, 60.0))
    starts_s = [due_s for due_s, data in stage.port.events if data[:2] == b"\x99\x24"]
    assert [later - earlier for earlier, later in pairwise(starts_s[1:])][:3] == pytest.approx([1, 0.5, 0.5])


def test_settings_and_locks_are_for_the_generator_and_ask_for_another_bar():
    stage = Stage(a2=ask(Action.SET, "temperature", 1.3), a4=ask(Action.LOCK, "kick")).play()
    assert stage.heard == [0, 1, 2, 4, 5, 7]
    state = stage.controls.state
    assert (dict(state.values), state.locked) == ({"temperature": 1.3}, {"kick"})
    stage.controls.ask(Action.UNDO)
    stage.controls.ask(Action.UNDO)
    assert (dict(stage.controls.state.values), stage.controls.state.locked) == ({}, frozenset())


def test_panic_pause_stop_and_save_do_not_wait_for_the_bar():
    stage = Stage(a2=ask(Action.PANIC), a3=ask(Action.SAVE, "", 4.0), a5=ask(Action.STOP)).play()
    assert stage.saved == [4.0]
    assert len(stage.heard) == 6
    assert [data for _, data in stage.port.events].count(b"\xb3\x78\x00") == 1


def test_what_cannot_be_asked_for_is_refused_at_once():
    controls = Controls(PARTS)
    with pytest.raises(InputError, match=r"no part 'cowbell' to mute: there are kick, snare, bass"):
        controls.ask(Action.MUTE, "cowbell")
    with pytest.raises(InputError, match="20 to 400"):
        controls.ask(Action.TEMPO, "", 7.0)
    controls.ask(Action.UNDO)
    controls.ask(Action.PANIC)
    controls.ask(Action.SAVE)


def test_any_thread_may_ask():
    controls = Controls(PARTS)
    threads = [threading.Thread(target=controls.ask, args=(Action.MUTE, name)) for name in PARTS for _ in range(11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert controls.state.muted == frozenset(PARTS)


def test_the_way_back_is_bounded():
    controls = Controls(PARTS)
    for number in range(1000):
        controls.ask(Action.SET, "density", number)
    for _ in range(1000):
        controls.ask(Action.UNDO)
    assert dict(controls.state.values) == {"density": 899}
