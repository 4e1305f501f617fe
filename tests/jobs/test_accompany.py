"""New parts to a take: everything of it stays, and what is new fits it."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.jobs.accompany import accompanied, usual_loops, usual_meter
from sparseq.jobs.loading import load_examples
from sparseq.jobs.stream import StreamSettings
from sparseq.music.chords import parse_chords
from sparseq.music.edit import replace_notes
from sparseq.music.encode import drum_notes
from sparseq.music.keys import parse_key
from sparseq.music.loops import find_all
from sparseq.music.newtracks import used_channels
from sparseq.music.parts import programs_of, split_parts
from sparseq.music.score import Note, read_score
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi


@pytest.fixture(scope="module")
def combo():
    return load_examples(["funk-tin-roof"], pitched=True)


def loop(name="funk-tin-roof", *, without=()):
    """A shipped loop without some of its parts, as a take."""
    midi = parse(find_all([name])[0].read(), "take.mid")
    parts = split_parts(read_score(midi), programs_of(midi))
    return replace_notes(midi, [note for part in parts if part.name in without for note in part.notes], ())


def settings_of(*parts, seed=1, **options):
    return StreamSettings(seed, parts=frozenset(parts), **options)


def kinds_of(midi):
    return [part.name for part in split_parts(read_score(midi), programs_of(midi))]


PLAYED = ("drums", "bass", "chords", "lead")
some = st.sets(st.sampled_from(PLAYED), min_size=1, max_size=3)


@settings(max_examples=8)
@given(some, st.integers(0, 2**64 - 1))
def test_every_byte_of_the_takes_tracks_stays_and_the_parts_that_it_lacks_come(combo, missing, seed):
    take = loop(without=missing)
    done = accompanied(take, combo, StreamSettings(seed))
    assert [track.raw for track in done.midi.tracks[: len(take.tracks)]] == [track.raw for track in take.tracks]
    assert set(done.parts) <= missing
    assert len(done.midi.tracks) == len(take.tracks) + len(done.parts)
    score = read_score(done.midi)
    assert all(note.off_index >= 0 for note in score.notes)
    assert score.end_ticks == read_score(take).end_ticks


def test_each_new_part_has_a_channel_and_a_track_of_its_own(combo):
    take = loop(without=("bass", "chords", "lead"))
    done = accompanied(take, combo, settings_of())
    assert done.parts == ("bass", "chords", "lead")
    added = [note for note in read_score(done.midi).notes if note.track >= len(take.tracks)]
    pairs = {(note.track, note.channel) for note in added}
    assert len(pairs) == len({channel for _, channel in pairs}) == 3
    assert not {channel for _, channel in pairs} & (used_channels(take) | {9})
    assert set(kinds_of(done.midi)) == set(PLAYED)


def test_where_a_take_uses_all_channels_it_says_so(combo):
    notes = [Note(0, 100, 60, 80, channel, 0) for channel in range(16)]
    take = parse(write_midi(notes, end_ticks=4 * 960, track_names=("Piano",)), "full.mid")
    with pytest.raises(InputError, match=r"full\.mid: a free channel was wanted for each new part, but all 16"):
        accompanied(take, combo, settings_of("lead" if "lead" not in kinds_of(take) else "bass"))


def test_only_the_parts_that_are_asked_for_come(combo):
    done = accompanied(loop(without=("bass", "chords")), combo, settings_of("bass"))
    assert done.parts == ("bass",)


def test_only_the_bars_that_are_asked_for_are_played_in(combo):
    take = loop(without=("drums",))
    done = accompanied(take, combo, settings_of("drums"), "2,4")
    ppq = take.ppq
    assert done.bars == (2, 4)
    bars = Counter((note.onset_ticks + ppq // 8) // (4 * ppq) + 1 for note in drum_notes(read_score(done.midi)))
    assert set(bars) == {2, 4}


def test_the_same_seed_writes_the_same_bytes_and_another_others(combo):
    take = loop(without=("drums",))
    first, again, other = (accompanied(take, combo, settings_of(seed=seed)).midi.to_bytes() for seed in (1, 1, 2))
    assert first == again != other


def test_basses_and_chords_play_over_the_chords_of_the_take(combo):
    """Over each bar's chord, chords sound no pitch class a semitone from one of its notes."""
    take = loop(without=("chords",))
    done = accompanied(take, combo, settings_of("chords", chords=parse_chords("Cm F"), key=parse_key("C dorian")))
    new = [note for note in read_score(done.midi).notes if note.track == len(take.tracks)]
    assert new
    for note in new:
        chord = (parse_chords("Cm").bars, parse_chords("F").bars)[note.onset_ticks // (4 * take.ppq) % 2][0][0]
        away = {(note.pitch - pitch_class) % 12 for pitch_class in chord.classes}
        assert 0 in away or not away & {1, 11}


def test_a_bass_alone_gets_chords_in_every_bar(combo):
    for seed in range(3):
        take = loop(without=("drums", "chords", "lead"))
        done = accompanied(take, combo, settings_of("chords", seed=seed))
        new = [note for note in read_score(done.midi).notes if note.track == len(take.tracks)]
        bars = {(note.onset_ticks + take.ppq // 8) // (4 * take.ppq) for note in new}
        assert len(bars) == read_score(take).end_ticks // (4 * take.ppq)


@pytest.mark.parametrize("part", ["drums", "bass", "chords"])
def test_among_songs_of_one_folder_the_one_that_goes_like_the_take_is_found(part):
    """Most onsets are those of the part that goes with the take in its own song."""
    songs = load_examples(["funk-tin-roof", "house-lantern-room", "synthwave-coast-road"], pitched=True)
    folder = songs._replace(used=tuple(song._replace(style="") for song in songs.used))
    take, whole = loop("house-lantern-room", without=(part,)), loop("house-lantern-room")
    step_ticks = take.ppq // 4

    def onsets(notes):
        return {(note.onset_ticks + step_ticks // 2) // step_ticks for note in notes}

    own = next(each for each in split_parts(read_score(whole), programs_of(whole)) if each.name == part)
    met = said = 0
    for seed in range(3):
        done = accompanied(take, folder, settings_of(part, seed=seed))
        new = onsets(note for note in read_score(done.midi).notes if note.track >= len(take.tracks))
        met, said = met + len(new & onsets(own.notes)), said + len(new)
    assert 2 * met > 0.7 * (said + 3 * len(onsets(own.notes)))


def test_a_take_that_changes_meter_is_played_to_where_it_is_in_the_usual_one(combo):
    ppq = 480
    notes = [Note(beat * ppq, ppq // 2, 40, 90, 0, 0) for beat in range(4 + 3 + 8)]
    meters = ((0, 4, 4), (4 * ppq, 3, 4), (7 * ppq, 4, 4))
    data = write_midi(notes, ppq=ppq, meters=meters, end_ticks=15 * ppq, track_names=("Bass",))
    done = accompanied(parse(data), combo, settings_of("drums"))
    assert (done.bars, done.other_bars) == ((1, 3, 4), (2,))
    drums = [note.onset_ticks + ppq // 8 for note in drum_notes(read_score(done.midi))]
    assert drums
    assert not any(4 * ppq <= tick < 7 * ppq - ppq // 8 for tick in drums)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (("bass",), r"take\.mid has bass already; `sparseq fill` writes bars of it anew"),
        (("harp",), r"wanted the part 'harp', but the loops have drums, bass, chords, lead"),
    ],
)
def test_parts_that_cannot_come_are_refused(combo, parts, message):
    with pytest.raises(InputError, match=message):
        accompanied(loop(without=("drums",)), combo, settings_of(*parts))


def test_a_take_that_has_all_parts_is_refused(combo):
    with pytest.raises(InputError, match=r"take\.mid has all parts that the loops have \(drums, bass, chords, lead\)"):
        accompanied(loop(), combo, settings_of())


def test_a_take_in_another_meter_is_refused(combo):
    with pytest.raises(InputError, match=r"take\.mid is in 3/4, but the loops are in 4/4; give --loops in 3/4"):
        accompanied(loop("waltz-orchard"), combo, settings_of())


def test_a_bar_that_is_not_there_is_refused(combo):
    with pytest.raises(InputError, match="bar 99 was asked for"):
        accompanied(loop(without=("drums",)), combo, settings_of(), "99")


def test_loops_that_stand_in_are_in_the_meter_of_the_take():
    names = usual_loops(loop("waltz-orchard"))
    assert names
    assert all(name.startswith("waltz") for name in names)
    assert usual_meter(read_score(loop("waltz-orchard"))) == (3, 4)
    odd = write_midi([Note(0, 100, 60, 80, 0, 0)], meters=((0, 11, 8),), track_names=("Bass",))
    with pytest.raises(InputError, match=r"odd\.mid is in 11/8, as no shipped loop with all parts is; give --loops"):
        usual_loops(parse(odd, "odd.mid"))
