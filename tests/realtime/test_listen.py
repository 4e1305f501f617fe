"""Listening: what somebody plays, on the grid, bar by bar or after a pause."""

import pytest

from sparseq.errors import InputError
from sparseq.realtime.bar import Bar
from sparseq.realtime.listen import Listener, Phrase, PlayedNote
from sparseq.realtime.reports import Position

PPQ = 96
BAR = Bar(4 * PPQ, 60.0, PPQ)  # a second is a quarter


def position_at(time_s):
    """Bars of four seconds from time 0 on."""
    return Position(int(time_s // 4), int(time_s % 4 * PPQ), BAR, False) if time_s >= 0 else None


class Stage:
    def __init__(self, **options):
        self.phrases = []
        self.listener = Listener(position_at, self.phrases.append, **options)

    def play(self, start_s, end_s, pitch=60, velocity=100, channel=0):
        self.listener.feed(start_s, bytes([0x90 | channel, pitch, velocity]))
        self.listener.feed(end_s, bytes([0x80 | channel, pitch, 0]))

    def poll(self, *times_s):
        for time_s in times_s:
            self.listener.poll(time_s)
        return self.phrases


def test_notes_are_put_on_steps_with_their_offset():
    stage = Stage()
    stage.play(1.0, 1.5, 60, 90)
    stage.play(2.28125, 2.5, 62, 80, channel=3)
    assert stage.poll(10.0) == [
        Phrase((PlayedNote(0, 4, 0, 48, 60, 90, 0), PlayedNote(0, 9, 3, 21, 62, 80, 3)), "pause")
    ]


def test_a_note_just_before_the_bar_line_belongs_to_the_next_bar():
    stage = Stage()
    stage.play(3.9375, 4.5)
    assert stage.poll(10.0)[0].notes == (PlayedNote(1, 0, -6, 54, 60, 100, 0),)


def test_a_phrase_ends_with_a_pause_and_not_while_a_key_is_held():
    stage = Stage(pause_quarters=2.0)
    stage.listener.feed(1.0, b"\x90\x3c\x64")
    assert stage.poll(5.0) == []
    stage.listener.feed(6.0, b"\x80\x3c\x00")
    assert stage.poll(7.9) == []
    assert [phrase.reason for phrase in stage.poll(8.0)] == ["pause"]
    assert len(stage.poll(20.0)) == 1


def test_phrases_of_bars_come_with_the_bar_line():
    stage = Stage(every_bars=1)
    stage.play(0.5, 0.6, 60)
    stage.play(3.99, 4.2, 61)
    assert stage.poll(3.9, 3.99) == []
    assert [[note.pitch for note in phrase.notes] for phrase in stage.poll(4.0)] == [[60]]
    assert len(stage.poll(4.2)) == 1
    assert [[note.pitch for note in phrase.notes] for phrase in stage.poll(8.2)] == [[60], [61]]
    assert len(stage.poll(12.2)) == 2


def test_phrases_of_bars_come_as_long_before_the_bar_line_as_an_answer_takes():
    stage = Stage(every_bars=1, lead_s=0.25)
    stage.play(0.5, 0.6, 60)
    assert stage.poll(3.74) == []
    assert [[note.pitch for note in phrase.notes] for phrase in stage.poll(3.75)] == [[60]]


def test_at_a_slower_tempo_some_of_that_is_longer():
    stage = Stage(every_bars=1, lead_s=0.25, lead_quarters=0.5)
    stage.play(0.5, 0.6, 60)
    assert stage.poll(3.24) == []
    assert len(stage.poll(3.25)) == 1


def test_what_is_struck_between_the_cut_and_the_bar_line_begins_the_next_phrase_where_it_was_struck():
    stage = Stage(every_bars=1, lead_s=0.25)
    stage.play(0.5, 0.6, 60)
    stage.poll(3.75)
    stage.play(3.8, 3.9, 62)
    stage.play(5.0, 5.2, 64)
    assert len(stage.poll(3.95, 4.0, 4.1, 7.7)) == 1
    assert [(note.bar_index, note.step, note.pitch) for note in stage.poll(7.75)[1].notes] == [(0, 15, 62), (1, 4, 64)]


def test_what_is_struck_after_the_cut_alone_is_no_phrase():
    stage = Stage(every_bars=1, lead_s=0.25)
    stage.play(0.5, 0.6, 60)
    stage.poll(3.75)
    stage.play(3.8, 3.9, 62)
    assert len(stage.poll(7.75, 11.75)) == 1


def test_every_two_bars_means_pairs():
    stage = Stage(every_bars=2)
    stage.play(5.0, 5.5)
    assert stage.poll(6.0, 7.9) == []
    assert [phrase.reason for phrase in stage.poll(8.2)] == ["bar"]


def test_a_key_that_is_held_over_the_bar_line_is_in_the_bar_it_was_struck_in():
    stage = Stage(every_bars=1)
    stage.listener.feed(3.0, b"\x90\x3c\x64")
    assert stage.poll(4.25)[0].notes == (PlayedNote(0, 12, 0, 120, 60, 100, 0),)
    stage.listener.feed(5.0, b"\x80\x3c\x00")
    assert len(stage.poll(8.5, 12.5)) == 1


def test_a_key_that_is_struck_twice_without_being_let_go_is_two_notes():
    stage = Stage()
    stage.listener.feed(1.0, b"\x90\x3c\x64")
    stage.play(2.0, 2.5)
    assert [(note.step, note.duration_ticks) for note in stage.poll(9.0)[0].notes] == [(4, 96), (8, 48)]


def test_the_latency_of_the_input_is_taken_off():
    stage = Stage(latency_ms=125.0)
    stage.play(1.125, 1.25)
    assert stage.poll(9.0)[0].notes[0][:3] == (0, 4, 0)


@pytest.mark.parametrize("data", [b"\xf8", b"\xb0\x40\x7f", b"\x80\x3c\x00", b"", b"\x90\x3c\x00"])
def test_what_is_no_note_makes_no_phrase(data):
    stage = Stage()
    stage.listener.feed(1.0, data)
    assert stage.poll(9.0) == []


def test_before_the_music_begins_nothing_has_a_place():
    stage = Stage()
    stage.play(-2.0, -1.0)
    assert stage.poll(-0.5, 9.0) == []


@pytest.mark.parametrize("options", [{"steps_per_quarter": 0}, {"every_bars": 0}, {"pause_quarters": 0.0}])
def test_impossible_grids_are_refused(options):
    with pytest.raises(InputError, match="listening needs"):
        Listener(position_at, print, **options)
