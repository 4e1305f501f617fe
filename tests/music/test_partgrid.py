"""Several parts on one grid, and back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sparseq.music.chords import N_CHORD_TOKENS, chord_token, parse_chord, parse_chords
from sparseq.music.keys import parse_key
from sparseq.music.layout import layout_of
from sparseq.music.partgrid import encode_piece, part_notes, write_parts
from sparseq.music.parts import split_parts
from sparseq.music.piece import make_piece
from sparseq.music.pitched import HOLD, N_PITCH_TOKENS, illegal_successions, pitch_token
from sparseq.music.score import Note, Score, read_score
from sparseq.music.smf import parse

TEMPOS = ((0, 500_000), (200, 250_000))


def score(notes, ppq=960, meters=((0, 4, 4),), names=("Drums", "Bass", "Keys", "Lead"), end=None):
    end = 4 * ppq if end is None else end
    return Score(ppq, tuple(sorted(notes)), TEMPOS, meters, end, names)


def piece(notes, **options):
    made = score(notes)
    return make_piece(made, split_parts(made), **options)


DRUMS = [Note(0, 100, 36, 100, 9, 0), Note(960, 100, 38, 90, 9, 0), Note(0, 100, 42, 60, 9, 0)]
BASS = [Note(0, 900, 33, 100, 1, 1), Note(1920, 1900, 40, 100, 1, 1)]
KEYS = [Note(0, 3800, pitch, 70, 2, 2) for pitch in (57, 60, 64)]
LEAD = [Note(480, 400, 76, 90, 3, 3), Note(960, 900, 72, 90, 3, 3)]
COMBO = [*DRUMS, *BASS, *KEYS, *LEAD]


def test_lanes_are_drums_bass_chords_lead_then_what_is_given():
    grid = encode_piece(piece(COMBO))
    assert [lane.name for lane in grid.lanes] == [
        *("kick", "snare", "closed_hat"),
        *("bass/1", "chords/1", "chords/2", "chords/3", "lead/1"),
        *("harmony", "step"),
    ]
    assert [lane.n_tokens for lane in grid.lanes] == [2] * 3 + [N_PITCH_TOKENS] * 5 + [N_CHORD_TOKENS, 16]
    assert [lane.name for lane in grid.lanes if lane.given] == ["harmony", "step"]
    assert grid.known_l.all()


def test_the_lanes_say_what_is_played():
    grid = encode_piece(piece(COMBO, key=parse_key("A minor")), chords=parse_chords("Am"))
    assert grid.shift == -3
    assert grid.tokens_tl[0, :3].tolist() == [1, 0, 1]
    assert grid.tokens_tl[[0, 1, 4, 8], 3].tolist() == [pitch_token(33, -3), HOLD, 0, pitch_token(40, -3)]
    assert grid.tokens_tl[0, 4:7].tolist() == [pitch_token(pitch, -3) for pitch in (64, 60, 57)]
    assert set(grid.tokens_tl[:, 8]) == {chord_token(parse_chord("Cm"))}
    assert grid.tokens_tl[:, 9].tolist() == list(range(16))


def test_parts_can_be_taken_out_as_grids_of_their_own():
    grid = encode_piece(piece(COMBO))
    assert grid.drum_grid().lanes == ("kick", "snare", "closed_hat")
    assert grid.drum_grid().hits[4, 1][0].pitch == 38
    assert grid.voice_grid("chords").tokens_tv.shape == (16, 3)
    assert [hit.pitch for hit in grid.voice_grid("lead").hits[2, 0]] == [76]
    assert grid.indices(kind="voice", part="bass") == [3]


def test_the_same_music_in_another_key_has_the_same_tokens():
    minor = parse_key("A minor")
    up = [note if note.channel == 9 else note._replace(pitch=note.pitch + 2) for note in COMBO]
    first = encode_piece(piece(COMBO, key=minor), target=minor, chords=parse_chords("Am"))
    second = encode_piece(piece(up, key=parse_key("B minor")), target=minor, chords=parse_chords("Bm"))
    assert (first.tokens_tl == second.tokens_tl).all()


def test_a_piece_says_nothing_of_parts_that_it_does_not_have():
    combo, bass = piece(COMBO), piece([note._replace(channel=0) for note in BASS])
    layout = layout_of([combo, bass])
    grid = encode_piece(bass, layout)
    assert [lane.name for lane, known in zip(grid.lanes, grid.known_l, strict=True) if known] == [
        "bass/1",
        "harmony",
        "step",
    ]
    assert encode_piece(combo, layout).lanes == grid.lanes


def test_where_pieces_meet_every_part_has_a_channel_of_its_own():
    one = piece([note._replace(channel=0) for note in BASS])
    other = piece([note._replace(channel=0, pitch=note.pitch + 40, track=3) for note in BASS])
    sounds = layout_of([one, other]).sounds
    assert [(name, sound.channel) for name, sound in sounds.items()] == [("bass", 0), ("lead", 1)]


def test_a_layout_has_room_for_the_piece_with_most_voices_and_no_more_than_asked():
    duo, trio = piece(KEYS[:2]), piece(KEYS)
    assert layout_of([duo, trio]).voices == (("chords", 3),)
    assert layout_of([trio], max_voices=2).voices == (("chords", 2),)
    assert len(part_notes(encode_piece(trio, layout_of([trio], 2)), 960)) == 3


def test_drum_parts_of_two_channels_have_lanes_of_their_own():
    named = score([Note(0, 100, 36, 90, 3, 0), Note(0, 100, 36, 80, 4, 0)])
    grid = encode_piece(make_piece(named, split_parts(named)))
    assert [lane.name for lane in grid.lanes[:2]] == ["kick", "drums 2/kick"]
    assert grid.drum_grid("drums 2").lanes == ("kick",)
    assert sorted(note.channel for note in part_notes(grid, 960)) == [3, 4]


def test_drums_alone_say_nothing_of_harmony():
    grid = encode_piece(piece(DRUMS))
    assert [lane.name for lane, known in zip(grid.lanes, grid.known_l, strict=True) if not known] == ["harmony"]


@st.composite
def songs(draw):
    """Notes on several tracks and channels, with a meter map."""
    ppq = draw(st.sampled_from((24, 96, 120, 480, 960)))
    spans = st.tuples(st.integers(0, 8 * ppq), st.integers(0, 3 * ppq), st.integers(0, 127), st.integers(1, 127))
    places = st.sampled_from(((0, 9), (0, 1), (1, 1), (2, 5), (3, 15)))
    notes = [
        Note(*span, channel, track) for span, (track, channel) in draw(st.lists(st.tuples(spans, places), max_size=30))
    ]
    change = draw(st.integers(1, 6 * ppq))
    return score(notes, ppq, ((0, 4, 4), (change, 7, 8)), end=12 * ppq)


def told(notes):
    return sorted((note.onset_ticks, note.pitch, note.velocity, note.channel) for note in notes)


@given(songs(), st.sampled_from((None, 3, 4, 6, 12)))
def test_a_file_on_the_grid_and_back_keeps_every_note_and_its_maps(made, steps_per_beat):
    grid = encode_piece(make_piece(made, split_parts(made), steps_per_beat=steps_per_beat))
    back = read_score(parse(write_parts(grid, made)))
    assert told(back.notes) == told(made.notes)
    assert (back.ppq, back.tempos, back.meters) == (made.ppq, made.tempos, made.meters)
    voices = grid.tokens_tl[:, grid.indices(kind="voice")]
    assert illegal_successions(voices) == 0
    assert all(grid.tokens_tl[:, index].max() < lane.n_tokens for index, lane in enumerate(grid.lanes))


def test_chosen_steps_only_are_turned_back():
    grid = encode_piece(piece(COMBO))
    assert told(part_notes(grid, 960, range(2, 5))) == told([LEAD[0], LEAD[1], DRUMS[1]])


def test_bars_are_told_by_step():
    made = score(LEAD, meters=((0, 2, 4),), end=3840)
    grid = encode_piece(make_piece(made, split_parts(made)))
    assert grid.bars_t.tolist() == [0] * 8 + [1] * 8
    assert np.array_equal(grid.tokens_tl[:, -1], np.tile(np.arange(8), 2))
