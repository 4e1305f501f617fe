"""Files split into parts."""

import pytest

from sparseq.music.events import END_OF_TRACK, Event, write_events
from sparseq.music.parts import chord_share, programs_of, split_parts
from sparseq.music.score import Note, Score
from sparseq.music.smf import parse


def score(*tracks):
    """Tracks of (name, channel, pitches), each note a quarter after the last; a tuple of pitches is a chord."""
    notes = []
    for track, (_, channel, pitches) in enumerate(tracks):
        for beat, pitch in enumerate(pitches):
            struck = pitch if isinstance(pitch, tuple) else (pitch,)
            notes += [Note(960 * beat, 900, one, 90, channel, track) for one in struck]
    return Score(960, tuple(sorted(notes)), ((0, 500_000),), ((0, 4, 4),), 9600, tuple(name for name, *_ in tracks))


def kinds(*tracks, programs=None):
    return {part.track: part.kind for part in split_parts(score(*tracks), programs or {})}


LOW, HIGH, TRIADS = [36, 40, 43], [72, 74, 76], [(60, 64, 67), (62, 65, 69)]


def test_notes_decide_where_nothing_else_tells():
    assert kinds(("", 0, LOW), ("", 1, TRIADS), ("", 2, HIGH), ("", 9, LOW)) == {
        0: "bass",
        1: "chords",
        2: "lead",
        3: "drums",
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Bass", "bass"),
        ("Synth Bassline", "bass"),
        ("808", "bass"),
        ("BASSOON", "lead"),
        ("Lead Vox", "lead"),
        ("Melody", "lead"),
        ("Rhodes", "chords"),
        ("Strings 2", "chords"),
        ("E.P.", "chords"),
        ("Track 7", "lead"),
    ],
)
def test_a_telling_name_decides(name, kind):
    assert kinds((name, 0, HIGH)) == {0: kind}


@pytest.mark.parametrize(
    ("program", "kind"), [(33, "bass"), (43, "bass"), (17, "chords"), (89, "chords"), (81, "lead"), (0, "lead")]
)
def test_a_telling_program_decides_where_the_name_does_not(program, kind):
    assert kinds(("Take 3", 0, HIGH), programs={(0, 0): program}) == {0: kind}
    assert kinds(("Melody", 0, HIGH), programs={(0, 0): program}) == {0: "lead"}


def test_drums_of_one_channel_are_one_part_and_come_first():
    parts = split_parts(score(("", 0, HIGH), ("Kick", 9, [36]), ("Hat", 9, [42])))
    assert [(part.name, part.channel, part.track, len(part.notes)) for part in parts] == [
        ("drums", 9, 1, 2),
        ("lead", 0, 0, 3),
    ]


def test_without_channel_10_a_track_named_like_drums_is_drums():
    assert kinds(("Drum loop", 3, LOW), ("", 0, HIGH)) == {0: "drums", 1: "lead"}


def test_parts_of_one_kind_are_numbered_and_channels_of_one_track_are_parts_of_their_own():
    notes = [Note(0, 900, 72, 90, 4, 0), Note(0, 900, 74, 90, 2, 0), Note(0, 900, 76, 90, 2, 1)]
    parts = split_parts(score(("", 0, []), ("", 0, []))._replace(notes=tuple(notes)))
    assert [(part.name, part.track, part.channel) for part in parts] == [
        ("lead", 0, 2),
        ("lead 2", 0, 4),
        ("lead 3", 1, 2),
    ]


def test_every_note_is_in_one_part():
    whole = score(("Drums", 9, LOW), ("", 1, TRIADS), ("", 1, HIGH), ("bass", 0, HIGH))
    found = [note for part in split_parts(whole) for note in part.notes]
    assert sorted(found) == sorted(whole.notes)


def test_no_notes_are_no_parts():
    assert split_parts(score()) == ()


def test_now_and_then_a_double_stop_makes_no_chords():
    tune = score(("", 0, [60, 62, 64, 65, (64, 67)]))
    assert chord_share(tune.notes, 960) == pytest.approx(0.2)
    assert chord_share([], 960) == 0
    strummed = [Note(0, 900, 60, 90), Note(20, 900, 64, 90), Note(40, 900, 67, 90)]
    assert chord_share(strummed, 960) == 0.5  # 20 ticks are together, 40 are not


def midi(form, *tracks):
    chunks = [write_events([Event(tick, data) for tick, data in track] + [Event(99, END_OF_TRACK)]) for track in tracks]
    header = b"MThd" + (6).to_bytes(4, "big") + bytes([0, form, 0, len(tracks), 3, 192])
    return parse(header + b"".join(b"MTrk" + len(body).to_bytes(4, "big") + body for body in chunks))


def test_the_first_program_of_a_channel_counts_and_other_tracks_may_say_it():
    file = midi(1, [(0, b"\xc0\x21"), (9, b"\xc0\x05")], [(0, b"\x90\x40\x40")], [(0, b"\xc0\x30")])
    assert programs_of(file) == {(0, 0): 33, (1, 0): 33, (2, 0): 48}


def test_patterns_of_format_2_keep_their_programs_to_themselves():
    assert programs_of(midi(2, [(0, b"\xc0\x21")], [(0, b"\x90\x40\x40")])) == {(0, 0): 33}


def test_a_damaged_program_counts_as_127():
    assert programs_of(midi(0, [(0, b"\xc1\xff")])) == {(0, 1): 127}
