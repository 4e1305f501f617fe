"""Notes given to voices."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sparseq.music.encode import steps_of
from sparseq.music.score import Note
from sparseq.music.voices import allocate_voices, stops_of

PPQ, STEP = 960, 240


def voices_of(*spans, max_voices=8):
    """Voices of (pitch, start, stop) in sixteenths, which may be fractions, in order of onset."""
    notes = [Note(int(start * STEP), int((stop - start) * STEP), pitch, 90) for pitch, start, stop in spans]
    starts = steps_of(notes, PPQ, 4)
    return allocate_voices(notes, starts, stops_of(notes, starts, PPQ, 4), max_voices).tolist()


def test_a_melody_alone_is_the_first_voice_whatever_its_leaps():
    assert voices_of((60, 0, 1), (72, 1, 2), (48, 2, 4)) == [0, 0, 0]


def test_a_chord_goes_from_the_top_down():
    assert voices_of((48, 0, 4), (64, 0, 4), (60, 0, 4)) == [2, 0, 1]


def test_a_held_bass_lies_below_what_moves_above_it():
    assert voices_of((36, 0, 8), (60, 0, 2), (64, 2, 4), (67, 4, 8)) == [1, 0, 0, 0]


def test_a_held_melody_stays_above_what_moves_below_it():
    assert voices_of((72, 0, 8), (60, 0, 2), (64, 2, 4), (55, 2, 4)) == [0, 1, 1, 2]


def test_an_inner_voice_that_moves_stays_inside():
    soprano, alto, bass = (72, 0, 8), (64, 0, 4), (48, 0, 8)
    assert voices_of(soprano, alto, bass, (62, 4, 8)) == [0, 1, 2, 1]


def test_a_little_overlap_is_legato_and_no_second_voice():
    assert voices_of((60, 0, 2.3), (62, 2, 4)) == [0, 0]


def test_notes_within_one_step_that_follow_one_another_are_one_voice():
    assert voices_of((60, 0, 0.2), (62, 0.2, 0.4), (60, 0.4, 2)) == [0, 0, 0]
    assert voices_of((60, 0, 0.2), (48, 0, 2), (60, 0.25, 2)) == [0, 1, 0]


def test_two_notes_at_once_are_two_voices_even_on_one_pitch():
    assert voices_of((60, 0, 1), (60, 0, 1)) == [0, 1]
    assert voices_of((60, 0, 0), (60, 0, 0)) == [0, 1]


def test_what_is_too_much_shares_the_last_voice():
    assert voices_of((72, 0, 1), (67, 0, 1), (64, 0, 1), (60, 0, 1), max_voices=2) == [0, 1, 1, 1]


def test_no_notes_need_no_voices():
    assert voices_of() == []


SPANS = st.lists(st.tuples(st.integers(30, 80), st.integers(0, 30), st.integers(1, 12)), min_size=1, max_size=30)


@given(SPANS)
def test_voices_never_cross_nor_collide(spans):
    notes = [Note(start * STEP, length * STEP, pitch, 90) for pitch, start, length in sorted(spans, key=lambda s: s[1])]
    starts = steps_of(notes, PPQ, 4)
    stops = stops_of(notes, starts, PPQ, 4)
    voices = allocate_voices(notes, starts, stops, 99)
    for i in range(len(notes)):
        for j in range(i):
            if starts[i] < stops[j] and starts[j] < stops[i]:
                assert voices[i] != voices[j]
                if notes[i].pitch != notes[j].pitch:
                    assert (voices[i] < voices[j]) == (notes[i].pitch > notes[j].pitch)


@given(SPANS, st.integers(1, 100))
def test_a_loop_is_laid_out_alike_wherever_it_stands(spans, steps_later):
    ordered = sorted(spans, key=lambda span: span[1])
    here = voices_of(*[(pitch, start, start + length) for pitch, start, length in ordered])
    there = voices_of(*[(p, s + steps_later, s + steps_later + length) for p, s, length in ordered])
    assert here == there


def test_a_note_sounds_for_one_step_at_least():
    notes = [Note(0, 1, 60, 90), Note(STEP, 3 * STEP - 130, 60, 90), Note(5 * STEP, 2 * STEP + 120, 60, 90)]
    assert stops_of(notes, steps_of(notes, PPQ, 4), PPQ, 4).tolist() == [1, 3, 8]
    assert stops_of([], np.zeros(0, np.int64), PPQ, 4).tolist() == []
