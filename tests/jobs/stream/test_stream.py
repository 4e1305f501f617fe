from itertools import islice

import numpy as np
import pytest

from sparseq.errors import InputError
from sparseq.jobs.draw import Draw
from sparseq.jobs.loading import load_examples
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.music.chords import parse_chords
from sparseq.music.keys import parse_key, transposition
from sparseq.music.pitched import HOLD, REST, pitch_token


def grids_of(stream, n_bars):
    return list(islice(stream.bars(), n_bars))


def same(first, second):
    pairs = zip(first, second, strict=True)
    return all(np.array_equal(a.tokens_tl, b.tokens_tl) and a.hits == b.hits for a, b in pairs)


def pitches_of(grids, part=None):
    return [
        hit.pitch
        for grid in grids
        for (_, lane), hits in grid.hits.items()
        if grid.lanes[lane].kind == "voice" and part in (None, grid.lanes[lane].part)
        for hit in hits
    ]


@pytest.fixture(scope="module")
def two():
    """Return two loops of one style's kind: the stream may mix them."""
    return load_examples(["synthwave-coast-road", "house-lantern-room"], pitched=True)


def test_of_too_many_loops_each_seed_draws_its_own():
    def drawn(seed):
        return load_examples(["rock", "funk"], draw=Draw(seed, most_steps=300))

    stream = Stream(drawn(1), StreamSettings(1))
    assert 0 < len(stream.examples.used) < stream.examples.n_there
    other = stream.with_settings(StreamSettings(5))
    assert other.examples.used != stream.examples.used
    assert same(grids_of(other, 3), grids_of(Stream(drawn(5), StreamSettings(5)), 3))
    assert same(grids_of(other.with_settings(StreamSettings(1)), 3), grids_of(stream, 3))


def test_where_there_is_room_for_all_loops_all_are_used():
    assert load_examples(["rock"], draw=Draw(1)).used == load_examples(["rock"]).used


def test_all_parts_of_the_loops_play(combo):
    stream = Stream(combo, StreamSettings(1))
    assert list(stream.sounds) == ["drums", "bass", "chords", "lead"]
    grids = grids_of(stream, 4)
    for part in stream.sounds:
        assert any(grid.lanes[lane].part == part for grid in grids for _, lane in grid.hits)


def test_parts_have_channels_of_their_own_and_programs(combo):
    sounds = Stream(combo, StreamSettings(1)).sounds
    assert sounds["drums"].channel == 9
    assert len({sound.channel for sound in sounds.values()}) == len(sounds)
    assert all(sound.program is not None for name, sound in sounds.items() if name != "drums")


def test_only_the_parts_that_are_wanted_are_written(combo):
    stream = Stream(combo, StreamSettings(1, parts=frozenset({"drums", "bass"})))
    assert list(stream.sounds) == ["drums", "bass"]
    assert {lane.part for lane in stream.lanes if not lane.given} == {"drums", "bass"}


def test_a_part_that_no_loop_has_is_refused_saying_what_there_is(few):
    with pytest.raises(InputError, match="'bass', but the loops have drums"):
        Stream(few, StreamSettings(parts=frozenset({"bass"})))


@pytest.mark.parametrize("key", ["G minor", "F# major", "C harmonic minor", "B minor pentatonic"])
def test_with_a_key_every_pitch_is_in_its_scale(combo, key):
    stream = Stream(combo, StreamSettings(2, key=parse_key(key)))
    found = pitches_of(grids_of(stream, 8))
    assert found
    assert {pitch % 12 for pitch in found} <= parse_key(key).classes
    assert stream.key == parse_key(key)


def test_another_key_moves_the_music_and_nothing_else(combo):
    (example,) = combo.used
    plain, moved = (Stream(combo, StreamSettings(3, key=key)) for key in (None, parse_key("C# minor")))
    up = transposition(example.key, parse_key("C# minor"))
    assert [pitch + up for pitch in pitches_of(grids_of(plain, 4), "bass")] == pitches_of(grids_of(moved, 4), "bass")


def test_basses_play_the_roots_of_chords_that_no_loop_has(combo):
    chords = parse_chords("Ebm Abm B Gb")
    stream = Stream(combo, StreamSettings(1, chords=chords))
    for grid, (chord,) in zip(grids_of(stream, 4), chords.bars, strict=True):
        firsts = [hits[0].pitch for (step, lane), hits in grid.hits.items() if not step and "bass" in grid.lanes[lane]]
        assert all(pitch % 12 == chord.root for pitch in firsts)
        played = {pitch % 12 for part in ("bass", "chords") for pitch in pitches_of([grid], part)}
        assert chord.root in played
        beside = {(other + way) % 12 for other in chord.classes for way in (1, -1)} - chord.classes
        assert not played & beside


def test_density_asks_for_fewer_or_more_notes(two):
    def n_notes(density):
        grids = grids_of(Stream(two, StreamSettings(4, density=density, temperature=1.5)), 16)
        return sum(len(hits) for grid in grids for hits in grid.hits.values())

    assert n_notes(-1.0) < n_notes(0.0) < n_notes(1.0)


def test_ranges_and_voices_are_kept(combo):
    settings = StreamSettings(1, ranges={"bass": (40, 52), "": (36, 80)}, max_voices=2)
    grids = grids_of(Stream(combo, settings), 6)
    assert set(pitches_of(grids, "bass")) <= set(range(40, 53))
    assert set(pitches_of(grids)) <= set(range(36, 81))
    chords = grids[0].indices(part="chords")
    assert all((grid.tokens_tl[:, chords[2:]] == REST).all() for grid in grids)


@pytest.mark.parametrize("settings", [{"temperature": 3.0}, {"chords": parse_chords("Gb7 Bbm Ebm B")}])
def test_no_part_strays_by_octaves_from_what_it_plays_in_the_loops(settings):
    for name in ("funk-tin-roof", "techno-acid-rail", "reggae-cedar-gate"):
        examples = load_examples([name], pitched=True)
        played = {part.name: [note.pitch for note in part.notes] for part in examples.used[0].piece().parts}
        stream = Stream(examples, StreamSettings(7, **settings))
        grids = grids_of(stream, 8)
        for part in played.keys() - {"drums"}:
            found = pitches_of(grids, part)
            assert max(found) - min(found) <= max(max(played[part]) - min(played[part]) + 4, 13)


def test_a_range_without_a_note_of_the_scale_is_refused(combo):
    with pytest.raises(InputError, match="widen it"):
        Stream(combo, StreamSettings(key=parse_key("C"), ranges={"bass": (37, 37)}))


def test_tokens_say_what_sounds(two):
    for seed in range(4):
        stream = Stream(two, StreamSettings(seed))
        before = [REST] * len(stream.lanes)
        for grid in grids_of(stream, 6):
            for step in range(grid.n_steps):
                for lane in grid.indices(kind="voice"):
                    token = int(grid.tokens_tl[step, lane])
                    hits = grid.hits.get((step, lane), ())
                    assert (token > HOLD) == bool(hits)
                    assert not hits or token == pitch_token(hits[0].pitch, grid.shift)
                    assert token != HOLD or before[lane] != REST
                    before[lane] = token


def test_a_stream_that_goes_back_writes_the_same_again(two):
    stream = Stream(two, StreamSettings(5))
    grids = grids_of(stream, 9)
    stream.rewind(4)
    assert stream.n_bars == 5
    assert same(grids_of(stream, 4), grids[5:])
    stream.rewind(9)
    assert same(grids_of(stream, 9), grids)


def test_a_bar_that_is_done_again_follows_what_was_asked_for_meanwhile(combo):
    stream = Stream(combo, StreamSettings(5))
    grids_of(stream, 3)
    stream.rewind()
    stream.change(muted=frozenset({"bass"}), key=parse_key("D minor"))
    (grid,) = grids_of(stream, 1)
    assert not pitches_of([grid], "bass")
    assert {pitch % 12 for pitch in pitches_of([grid])} <= parse_key("D minor").classes


def test_it_cannot_go_back_before_its_start(combo):
    stream = Stream(combo, StreamSettings(5))
    stream.next_bar()
    with pytest.raises(InputError, match="up to 1 bars"):
        stream.rewind(2)


@pytest.mark.parametrize(
    ("name", "heard"),
    [("muted", {"drums", "chords", "lead"}), ("soloed", {"bass"})],
)
def test_what_is_muted_is_not_heard_but_the_others_play_as_before(combo, name, heard):
    plain = grids_of(Stream(combo, StreamSettings(1)), 4)
    quiet = grids_of(Stream(combo, StreamSettings(1, **{name: frozenset({"bass"})})), 4)
    for before, after in zip(plain, quiet, strict=True):
        kept = {cell: hits for cell, hits in before.hits.items() if before.lanes[cell[1]].part in heard}
        assert after.hits == kept


def test_a_locked_lane_plays_its_last_bar_again(combo):
    stream = Stream(combo, StreamSettings(1))
    grids_of(stream, 2)
    last = stream.next_bar()
    stream.change(locked=frozenset({"bass", "kick"}), temperature=3.0)
    again = stream.next_bar()
    for lane in (*last.indices(part="bass"), 0):
        assert np.array_equal(again.tokens_tl[:, lane], last.tokens_tl[:, lane])
        assert {cell: hits for cell, hits in again.hits.items() if cell[1] == lane} == {
            cell: hits for cell, hits in last.hits.items() if cell[1] == lane
        }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 3}, "'seed'"),
        ({"colour": 3}, "'colour'"),
        ({"muted": frozenset({"tuba"})}, "'tuba'"),
        ({"swing": 90.0}, "swing"),
        ({"density": 2.0}, "density"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_and_changes_nothing(combo, changes, said):
    stream = Stream(combo, StreamSettings(1))
    with pytest.raises(InputError, match=said):
        stream.change(temperature=2.0, **changes)
    assert stream.settings == StreamSettings(1)


def test_loops_of_drums_refuse_what_is_for_pitched_parts(few):
    with pytest.raises(InputError, match="drums only"):
        Stream(few, StreamSettings(key=parse_key("C")))


def test_no_voice_is_held_into_a_chord_that_it_clashes_with():
    examples = load_examples(["ambient-slow-glass"], pitched=True)
    stream = Stream(examples, StreamSettings(2, chords=parse_chords("Dm Db")))
    for grid, chord in zip(grids_of(stream, 8), [*parse_chords("Dm Db").bars] * 4, strict=True):
        clash = {(other + way) % 12 for other in chord[0].classes for way in (1, -1)} - chord[0].classes
        sounding = {pitch % 12 for part in ("bass", "chords") for pitch in pitches_of([grid], part)}
        assert not sounding & clash


def test_both_kernels_write_the_same(combo, monkeypatch):
    settings = StreamSettings(6, temperature=1.5, density=0.3, key=parse_key("D minor"))
    written = []
    for name in ("native", "reference"):
        monkeypatch.setenv("SPARSEQ_KERNEL", name)
        written.append([grid.hits for grid in grids_of(Stream(combo, settings), 2)])
    assert written[0] == written[1]


@pytest.mark.parametrize("name", ["house-lantern-room", "neo-soul-brass-key"])
def test_over_chords_on_any_root_no_bar_of_the_bass_is_silent(name):
    chords = parse_chords("C F# D A Bb E G Db Eb B F Ab")
    stream = Stream(load_examples([name], pitched=True), StreamSettings(1, chords=chords))
    for grid in grids_of(stream, 12):
        assert pitches_of([grid], "bass")


def test_voices_of_one_chord_move_by_octaves_together(two):
    """Where the chords are others than the loops', a voicing is that of a loop, as a whole an octave away at most."""
    stream = Stream(two, StreamSettings(3, chords=parse_chords("Cm F#m Bb"), max_voices=3))
    for grid in grids_of(stream, 6):
        lanes = grid.indices(part="chords")
        for step in range(grid.n_steps):
            pitches = [grid.hits[step, lane][0].pitch for lane in lanes if (step, lane) in grid.hits]
            assert pitches == sorted(pitches, reverse=True)
