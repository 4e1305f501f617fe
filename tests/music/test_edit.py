"""Exchanging notes: nothing else changes, nothing hangs, nothing is cut."""

import io
from collections import Counter, deque

import mido
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.edit import replace_notes
from sparseq.music.events import Event
from sparseq.music.score import Note, read_score
from sparseq.music.smf import Track, parse

END = b"\xff\x2f\x00"


def midi_of(*tracks):
    """A MIDI file of format 1 from lists of events."""
    head = b"MThd\x00\x00\x00\x06\x00\x01" + len(tracks).to_bytes(2, "big") + b"\x00\x60"
    empty = Track(b"MTrk\x00\x00\x00\x00")
    return parse(head + b"".join(empty.with_events(events).raw for events in tracks))


def on(tick, pitch=60, velocity=64, channel=0):
    return Event(tick, bytes((0x90 | channel, pitch, velocity)))


def off(tick, pitch=60, channel=0):
    return Event(tick, bytes((0x80 | channel, pitch, 64)))


def new(onset, duration, pitch=60, velocity=99, channel=0, track=0):
    return Note(onset, duration, pitch, velocity, channel, track)


def spans(midi, velocity=None):
    """Onsets and ends of the notes, all or those of one velocity."""
    notes = read_score(midi).notes
    return [(note.onset_ticks, note.end_ticks) for note in notes if velocity in (None, note.velocity)]


def test_removed_notes_go_with_both_their_events_and_the_rest_stays():
    other = [Event(0, b"\xff\x01\x01A"), Event(10, b"\xb0\x07\x40"), Event(20, b"\xa0\x3c\x40"), Event(30, END)]
    midi = midi_of([other[0], on(0), other[1], off(10), other[2], other[3]])
    assert list(replace_notes(midi, read_score(midi).notes, ()).tracks[0].events) == other


def test_new_notes_stand_behind_what_is_set_at_their_tick_and_end_before_what_begins_there():
    midi = midi_of([Event(10, b"\xc0\x05"), on(20, 62), off(30, 62), Event(40, END)])
    edited = replace_notes(midi, (), [new(10, 10)])
    assert [event.data[:2].hex() for event in edited.tracks[0].events] == [
        "c005",
        "903c",
        "803c",
        "903e",
        "803e",
        "ff2f",
    ]


def test_the_file_given_is_not_changed_and_other_tracks_keep_their_bytes():
    midi = midi_of([on(0), off(10)], [on(0), off(10)], [on(5)])
    before = midi.to_bytes()
    edited = replace_notes(midi, [read_score(midi).notes[0]], [new(3, 5)])
    assert midi.to_bytes() == before
    assert [track.raw for track in edited.tracks[1:]] == [track.raw for track in midi.tracks[1:]]
    assert edited.tracks[0].raw != midi.tracks[0].raw


def test_to_exchange_nothing_changes_nothing():
    midi = parse(midi_of([on(0), off(10)]).to_bytes() + b"***")
    assert replace_notes(midi, (), ()).to_bytes() == midi.to_bytes()


def test_the_end_of_a_track_moves_only_for_a_note_that_lasts_beyond_it():
    midi = midi_of([on(0), off(10), Event(50, END)])
    assert replace_notes(midi, (), [new(20, 30)]).tracks[0].end_ticks == 50
    assert replace_notes(midi, (), [new(20, 31)]).tracks[0].end_ticks == 51
    assert replace_notes(midi, read_score(midi).notes, ()).tracks[0].end_ticks == 50


def test_a_new_note_ends_where_a_kept_note_of_its_pitch_begins():
    midi = midi_of([on(20), off(30)])
    assert spans(replace_notes(midi, (), [new(0, 100)])) == [(0, 20), (20, 30)]
    assert spans(replace_notes(midi, (), [new(0, 100, pitch=61)])) == [(0, 100), (20, 30)]


def test_a_new_note_ends_one_tick_before_a_kept_onset_in_another_track():
    midi = midi_of([], [on(20), off(30)])
    assert spans(replace_notes(midi, (), [new(0, 100)])) == [(0, 19), (20, 30)]
    assert spans(replace_notes(midi, (), [new(19, 100)])) == [(19, 20), (20, 30)]


def test_new_notes_of_one_pitch_do_not_overlap():
    assert spans(replace_notes(midi_of([]), (), [new(0, 100), new(40, 10)])) == [(0, 40), (40, 50)]


@pytest.mark.parametrize("duration", [1, 20, 300])
@pytest.mark.parametrize("track", [0, 1])
def test_a_new_note_under_a_kept_one_ends_together_with_it(duration, track):
    midi = midi_of([on(0), off(30)], [])
    assert spans(replace_notes(midi, (), [new(10, duration, track=track)])) == [(0, 30), (10, 30)]


def test_a_new_note_at_the_end_of_a_kept_one_is_free():
    assert spans(replace_notes(midi_of([on(0), off(30)]), (), [new(30, 15)])) == [(0, 30), (30, 45)]


def test_a_kept_note_that_never_ends_is_ended_where_a_new_one_begins():
    midi = midi_of([on(0), on(40), Event(90, END)])
    edited = replace_notes(midi, (), [new(10, 5), new(20, 50)])
    assert spans(edited) == [(0, 10), (10, 15), (20, 40), (40, 90)]
    assert sum(event.data[0] == 0x80 for event in edited.tracks[0].events) == 3


def test_a_new_note_together_with_one_that_never_ends_is_left_out():
    midi = midi_of([on(0), Event(90, END)])
    assert spans(replace_notes(midi, (), [new(0, 5)])) == [(0, 90)]


def test_never_ending_and_ending_notes_under_a_new_one_are_told_apart():
    midi = midi_of([on(0), on(10), off(50), Event(90, END)])  # the second note never ends
    assert spans(replace_notes(midi, (), [new(20, 5)])) == [(0, 50), (10, 50), (20, 50)]


def test_a_track_without_an_end_gets_one():
    midi = parse(midi_of([on(0), off(10)]).to_bytes()[:-4])
    assert replace_notes(midi, (), [new(20, 5)]).tracks[0].events[-1] == Event(25, END)


def test_a_note_of_another_file_is_refused():
    midi = midi_of([Event(0, b"\xb0\x07\x40"), on(0), off(10)])
    for stranger in (
        new(0, 10),
        Note(0, 10, 60, 64, 0, 0, 0, 2),
        Note(0, 10, 61, 64, 0, 0, 1, 2),
        Note(0, 1, 60, 1, 0, 7, 1),
    ):
        with pytest.raises(InputError, match="is not in it; read the file again"):
            replace_notes(midi, [stranger], ())


def test_a_new_note_for_a_track_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="for track 3, but it has 1 tracks"):
        replace_notes(midi_of([]), (), [new(0, 1, track=2)])


# A small world, so that notes meet: two channels, two pitches, sixty ticks.
channels, pitches, ticks = st.integers(0, 1), st.integers(60, 61), st.integers(0, 60)
OTHER = (
    "b0 07 40",
    "c1 05",
    "e0 00 40",
    "a0 3c 10",
    "f0 03 7e 7f f7",
    "ff 51 03 07 a1 20",
    "ff 58 04 03 02 18 08",
    "ff 01 03 ff 00 41",  # text in no encoding
    "ff 7f 02 00 41",
    "ff 06 00",
)
other_data = st.sampled_from([bytes.fromhex(text) for text in OTHER])
events = st.one_of(
    st.builds(on, ticks, pitches, st.integers(0, 127), channels),
    st.builds(off, ticks, pitches, channels),
    st.builds(Event, ticks, other_data),
)
tracks = st.lists(events, max_size=25).map(lambda found: sorted(found, key=lambda event: event.tick))
files = st.lists(tracks, min_size=1, max_size=3).map(lambda found: midi_of(*found))
additions = st.lists(
    st.tuples(ticks, st.integers(0, 40), pitches, st.just(99), channels, st.integers(0, 2)), max_size=6
)


def fifo(midi):
    """Notes by the plain rule, as an oracle: (track, channel, pitch, velocity, onset, end or None)."""
    found = []
    for index, track in enumerate(midi.tracks):
        waiting = {}
        for tick, data in track.events:
            voice = data[0] & 0x0F, data[1]
            if data[0] & 0xF0 == 0x90 and data[2]:
                waiting.setdefault(voice, deque()).append((tick, data[2]))
            elif data[0] & 0xE0 == 0x80 and waiting.get(voice):
                onset, velocity = waiting[voice].popleft()
                found.append((index, *voice, velocity, onset, tick))
        found += [(index, *voice, v, onset, None) for voice, held in waiting.items() for onset, v in held]
    return Counter(found)


@settings(max_examples=200)
@given(files, additions, st.data())
def test_only_what_was_asked_for_changes(midi, wanted, data):
    notes = read_score(midi).notes
    chosen = data.draw(st.lists(st.booleans(), min_size=len(notes), max_size=len(notes)))
    removed = [note for note, gone in zip(notes, chosen, strict=True) if gone]
    added = [Note(*values) for values in wanted if values[5] < len(midi.tracks)]
    edited = replace_notes(midi, removed, added)

    gone = {(note.track, index) for note in removed for index in (note.on_index, note.off_index)}
    concerned = {note.track for note in [*removed, *added]}
    for index, (before, after) in enumerate(zip(midi.tracks, edited.tracks, strict=True)):
        if index not in concerned:
            assert after.raw == before.raw
        kept = [event for i, event in enumerate(before.events[:-1]) if (index, i) not in gone]
        rest = iter(after.events)
        assert all(event in rest for event in kept), "kept events are no longer there, or in another order"
        extra = Counter(after.events[:-1]) - Counter(kept)
        assert {event.data[0] & 0xF0 for event in extra} <= {0x80, 0x90}
        assert after.end_ticks >= before.end_ticks
        assert sum(event.data == END for event in after.events) == 1

    kept_notes = fifo(replace_notes(midi, removed, ()))
    result = fifo(edited)
    ended = Counter({note: count for note, count in kept_notes.items() if note[-1] is not None})
    assert not ended - result, "a kept note sounds otherwise than before"
    assert sum(c for n, c in result.items() if n[-1] is None) <= sum(c for n, c in kept_notes.items() if n[-1] is None)
    endless = {(t, c, p, onset) for t, c, p, _, onset, end in kept_notes if end is None}
    heard = {(t, c, p, v, onset) for t, c, p, v, onset, _ in result}
    for note in added:
        if (note.track, note.channel, note.pitch, note.onset_ticks) not in endless:
            assert (note.track, note.channel, note.pitch, note.velocity, note.onset_ticks) in heard


@settings(max_examples=50)
@given(files, additions)
def test_other_readers_open_what_was_edited(midi, wanted):
    added = [Note(*values) for values in wanted if values[5] < len(midi.tracks)]
    data = replace_notes(midi, read_score(midi).notes, added).to_bytes()
    opened = mido.MidiFile(file=io.BytesIO(data))
    assert sum(m.type == "note_on" and m.velocity == 99 for track in opened.tracks for m in track) >= len(added)
    symusic.Score.from_midi(data)
