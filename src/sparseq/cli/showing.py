"""A piece as `show` and `loops show` tell it: on the terminal, for machines, or as a picture."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sparseq.cli.talk import columns, emit, emit_json, say, speaks_unicode, wants_colour
from sparseq.errors import InputError

if TYPE_CHECKING:
    from sparseq.music.chords import Progression
    from sparseq.music.partgrid import PartGrid
    from sparseq.music.piece import Piece
    from sparseq.music.score import Score


class Shown(NamedTuple):
    """What is shown.

    Attributes
    ----------
    name : str
        What the title calls it.
    piece : Piece
        It may hold no notes.
    bars : str or None
        The bars to show as `music.masks.parse_bars` reads them, or None for all.
    parts : frozenset of str
        Names or kinds of the parts to show; all where it is empty.
    chords : Progression or None
        Its chords where they are stated.
    """

    name: str
    piece: Piece
    bars: str | None = None
    parts: frozenset[str] = frozenset()
    chords: Progression | None = None

    def numbers(self) -> Sequence[int]:
        """Return the numbers of the bars; InputError for such as are not there."""
        from sparseq.music.masks import parse_bars

        n_bars = len(self.piece.bars)
        return range(1, n_bars + 1) if self.bars is None else parse_bars(self.bars, n_bars)

    def part_names(self) -> Collection[str]:
        """Return the names of the parts; InputError for such as are not there."""
        there = self.piece.parts
        for wanted in sorted(self.parts):
            if not any(wanted in (part.name, part.kind) for part in there):
                raise InputError(f"wanted the part {wanted!r}, but there is {', '.join(part.name for part in there)}")
        return [part.name for part in there if not self.parts or self.parts & {part.name, part.kind}]


def show(shown: Shown, output: str | None, force: bool, as_json: bool) -> None:
    """Write a picture if its name is given, else print text; and JSON for machines if asked for.

    Raises
    ------
    InputError
        For bars or parts that are not there, or a picture of another kind.
    FileError
        If the picture cannot be written.
    """
    from sparseq.jobs.files import check_writable, write_atomically

    if output is not None:
        check_writable(output, force)
        write_atomically(output, picture_of(shown, output), force)
        say(f"wrote {output}")
    if as_json:
        show_json(shown)
    elif output is None:
        show_text(shown)


def show_text(shown: Shown) -> None:
    """Print title, parts and legend: drums as a grid, pitched parts as piano rolls above it, chords on top."""
    from sparseq.views.symbols import paint
    from sparseq.views.textgrid import legend

    if not shown.piece.score.notes:
        emit(f"{title_of(shown)}   no notes at all")
        return
    colour, unicode = wants_colour(sys.stdout), speaks_unicode(sys.stdout)
    drawn = _drawn(shown, colour, unicode)
    has_rolls = any(part.kind != "drums" for part in shown.piece.parts if part.name in shown.part_names())
    signs = legend(colour=colour, unicode=unicode, held=has_rolls)
    emit(f"{paint(title_of(shown), 'number', colour)}\n\n{drawn}\n\n{signs}")


def show_json(shown: Shown) -> None:
    """Print for machines what the picture shows."""
    facts = {"name": shown.name, **_score_facts(shown.piece.score), **_piece_facts(shown)}
    emit_json(facts)


def picture_of(shown: Shown, name: str) -> bytes:
    """Return a picture; its name says of which kind.

    Raises
    ------
    InputError
        For a name that ends neither in .png nor in .svg, nothing to show, or bars that are not there.
    """
    from sparseq.music.partgrid import encode_piece
    from sparseq.views.picture import draw_parts, picture_bytes

    if not shown.piece.score.notes:
        raise InputError(f"{shown.name} holds no notes to draw")
    scene = draw_parts(
        encode_piece(shown.piece),
        title=title_of(shown),
        bars=shown.numbers(),
        parts=shown.part_names(),
        chords_t=shown.piece.chords_t(shown.chords) if shown.piece.pitched_notes else None,
    )
    return picture_bytes(scene, name)


def title_of(shown: Shown) -> str:
    """Return the line above: name, tempo, meter, key, length, resolution."""
    from sparseq.views.table import plain_text

    score = shown.piece.score
    tempos = [f"{bpm:.5g}" for bpm in _bpms(score)]
    tempo = tempos[0] if len(set(tempos)) == 1 else f"{min(tempos, key=float)}-{max(tempos, key=float)}"
    meters = dict.fromkeys(f"{upper}/{lower}" for _, upper, lower in score.meters)
    n_bars = len(shown.piece.bars)
    key = [f"{shown.piece.key}{' (estimated)' * shown.piece.key_is_estimated}"] if shown.piece.key else []
    length = f"{n_bars} bar{'s' * (n_bars != 1)}"
    facts = [shown.name, f"{tempo} bpm", ", ".join(meters), *key, length, f"{score.ppq} ppq"]
    return plain_text("   ".join(facts))


def _drawn(shown: Shown, colour: bool, unicode: bool) -> str:
    """Return the parts as text; drums alone need no name above them."""
    from sparseq.music.partgrid import encode_piece
    from sparseq.views.roll import render_parts
    from sparseq.views.textgrid import render_grid

    grid, numbers, names = encode_piece(shown.piece), shown.numbers(), shown.part_names()
    if list(grid.sounds) == ["drums"]:
        return render_grid(grid.drum_grid(), bars=numbers, colour=colour, unicode=unicode, width=columns())
    chords = shown.piece.chords_t(shown.chords) if shown.piece.pitched_notes else None
    return render_parts(
        grid, bars=numbers, parts=names, chords_t=chords, colour=colour, unicode=unicode, width=columns()
    )


def _bpms(score: Score) -> list[float]:
    from sparseq.music.units import tempo_us_to_bpm

    return [tempo_us_to_bpm(max(tempo_us, 1)) for _, tempo_us in score.tempos]


def _tracks(score: Score) -> list[dict[str, str | int]]:
    counts = [0] * len(score.track_names)
    for note in score.notes:
        counts[note.track] += 1
    return [{"name": name, "notes": count} for name, count in zip(score.track_names, counts, strict=True)]


def _score_facts(score: Score) -> dict[str, object]:
    """Return what is known of the score, for machines."""
    return {
        "ppq": score.ppq,
        "end_ticks": score.end_ticks,
        "tempos": [{"tick": tick, "bpm": bpm} for (tick, _), bpm in zip(score.tempos, _bpms(score), strict=True)],
        "meters": [{"tick": tick, "numerator": upper, "denominator": lower} for tick, upper, lower in score.meters],
        "tracks": _tracks(score),
    }


def _piece_facts(shown: Shown) -> dict[str, object]:
    """Return the chosen bars with strokes and notes, for machines; steps are counted from 0 within each bar."""
    from sparseq.music.partgrid import encode_piece

    piece = shown.piece
    if not piece.score.notes:
        return {
            "bars": [],
            "lanes": [],
            "hits": [],
            "notes": [],
            "parts": [],
            "key": None,
            "key_is_estimated": False,
            "steps_per_beat": None,
        }
    grid, names = encode_piece(piece), shown.part_names()
    chosen = [bar for bar in grid.bars if bar.number in set(shown.numbers())]
    chords = piece.chords_t(shown.chords) if piece.pitched_notes else [None] * grid.n_steps
    return {
        "steps_per_beat": grid.steps_per_beat,
        "key": str(piece.key) if piece.key else None,
        "key_is_estimated": piece.key is not None and piece.key_is_estimated,
        "parts": [
            {"name": part.name, "kind": part.kind, "channel": part.channel + 1, "program": part.program}
            for part in piece.parts
            if part.name in names
        ],
        "lanes": [lane.name for lane in grid.lanes if lane.kind == "drum" and lane.part in names],
        "bars": [
            bar._asdict()
            | ({"chords": _chords_in(chords[bar.start_step : bar.stop_step])} if piece.pitched_notes else {})
            for bar in chosen
        ],
        "hits": _cells(grid, "drum", names, {bar.number for bar in chosen}),
        "notes": _cells(grid, "voice", names, {bar.number for bar in chosen}),
    }


def _chords_in(chords: Sequence[object]) -> list[str]:
    """Return the chords of a bar, each where it begins."""
    found: list[str] = []
    for chord in chords:
        symbol = "N.C." if chord is None else str(chord)
        if not found or found[-1] != symbol:
            found.append(symbol)
    return found


def _cells(grid: PartGrid, kind: str, names: Collection[str], numbers: Collection[int]) -> list[dict[str, object]]:
    """Return the strokes or notes in some bars, in order of step and lane."""
    bars, bar_of = grid.bars, grid.bars_t.tolist()
    return [
        {"bar": bars[bar_of[step]].number, "step": step - bars[bar_of[step]].start_step, "lane": grid.lanes[lane].name}
        | hit._asdict()
        for (step, lane), hits in sorted(grid.hits.items())
        if grid.lanes[lane].kind == kind and grid.lanes[lane].part in names and bars[bar_of[step]].number in numbers
        for hit in hits
    ]
