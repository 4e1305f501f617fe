import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.jobs.answers import KEPT_PHRASES, MOST_BARS, Answerer, Meter, Way
from sparseq.music.pitched import HOLD, REST
from sparseq.music.units import PPQ
from sparseq.realtime.listen import Phrase, PlayedNote

METER = Meter(4, 16, 4, 4)
STEP = PPQ // 4
RIFF = ((0, 60, 2), (3, 63, 1), (6, 67, 2), (10, 65, 1), (12, 63, 1), (14, 60, 1))


def phrase_of(riff=RIFF, n_bars=2, first=5, channel=0, offset=7):
    notes = [
        PlayedNote(first + bar, step, offset, holds * STEP - 20, pitch, 90 + step, channel)
        for bar in range(n_bars)
        for step, pitch, holds in riff
    ]
    return Phrase(tuple(notes), "pause")


def onsets(answer):
    return [(note.onset_ticks, note.pitch) for note in answer.notes()]


@pytest.mark.parametrize("way", Way)
def test_an_answer_is_as_long_as_what_it_answers_and_in_its_notes(way):
    (answer,) = Answerer(METER, seed=1, way=way).answer(phrase_of())
    assert len(answer.grid.tokens_tv) == 2 * 16
    assert {note.pitch for note in answer.notes()} <= {pitch for _, pitch, _ in RIFF}
    assert all(note.channel == 0 and note.end_ticks <= 2 * METER.bar_ticks for note in answer.notes())
    assert answer.notes()


def test_what_was_repeated_is_gone_on_with():
    """A riff of one bar that came four times leaves little doubt about its fifth."""
    (answer,) = Answerer(METER, seed=1, temperature=0.2).answer(phrase_of(n_bars=4))
    played = {step for step, _, _ in RIFF}
    heard = {note.onset_ticks // STEP % 16 for note in answer.notes()}
    assert len(heard & played) >= 4
    assert len(heard - played) <= 1


def test_strokes_are_as_they_were_played():
    (answer,) = Answerer(METER, seed=1).answer(phrase_of())
    assert {note.onset_ticks % STEP for note in answer.notes()} == {7}
    assert {note.velocity for note in answer.notes()} <= {90 + step for step, _, _ in RIFF}


def test_drums_are_answered_on_drums():
    kit = ((0, 36, 1), (4, 38, 1), (8, 36, 1), (12, 38, 1), *((step, 42, 1) for step in range(0, 16, 2)))
    (answer,) = Answerer(METER, seed=1).answer(phrase_of(tuple(sorted(kit)), channel=9))
    assert {note.pitch for note in answer.notes()} <= {36, 38, 42}
    assert {note.channel for note in answer.notes()} == {9}


def test_each_channel_has_an_answer_of_its_own():
    both = Phrase((*phrase_of(channel=0).notes, *phrase_of(((0, 40, 4),), channel=3).notes), "bar")
    answers = Answerer(METER, seed=1).answer(both)
    assert [answer.channel for answer in answers] == [0, 3]
    assert {note.pitch for note in answers[1].notes()} <= {40}


def test_the_same_phrases_get_the_same_answers_and_another_seed_others():
    def played(seed):
        answerer = Answerer(METER, seed=seed)
        return [onsets(answerer.answer(phrase_of(first=first))[0]) for first in (0, 4, 8)]

    assert played(1) == played(1)
    assert played(1) != played(2)


def test_earlier_phrases_are_remembered_and_the_oldest_are_forgotten():
    answerer = Answerer(METER)
    for first in range(KEPT_PHRASES + 3):
        answerer.answer(phrase_of(((0, 60, 1),), n_bars=1, first=first))
    assert answerer.n_phrases == KEPT_PHRASES


def test_a_long_phrase_gets_a_shorter_answer():
    (answer,) = Answerer(METER).answer(phrase_of(n_bars=MOST_BARS + 2))
    assert len(answer.grid.tokens_tv) == MOST_BARS * 16


played_notes = st.lists(
    st.builds(
        PlayedNote,
        st.integers(3, 4),
        st.integers(0, 15),
        st.integers(-STEP // 2, STEP // 2),
        st.integers(1, 5 * PPQ),
        st.integers(0, 127),
        st.integers(1, 127),
        st.sampled_from([0, 9]),
    ),
    min_size=1,
    max_size=24,
)


@given(notes=played_notes, way=st.sampled_from(Way))
@settings(max_examples=25, deadline=None)
def test_whatever_is_played_gets_an_answer_that_ends(notes, way):
    phrase = Phrase(tuple(sorted(notes)), "pause")
    for answer in Answerer(METER, way=way).answer(phrase):
        tokens = answer.grid.tokens_tv
        assert set(np.unique(tokens)) - {REST, HOLD} <= {note.pitch + 19 for note in notes}
        assert all(0 <= note.pitch < 128 and note.duration_ticks > 0 for note in answer.notes())
        sounding = {}
        for note in answer.notes():
            assert (
                note.onset_ticks >= sounding.get(note.pitch, (0, -STEP))[1]
                or note.onset_ticks == sounding[note.pitch][0]
            )
            sounding[note.pitch] = note.onset_ticks, note.end_ticks
