"""Render the tabs beside this file to the .mid loops, and their catalogue, that sparseq ships.

How tabs are written stands in tab_format.py. Run it to write them all: python tests/loops/compose.py
"""

import json
from pathlib import Path

from tab_format import CHANNELS, KIT, LEVELS, PLAIN_SOUND, STROKES, Line, Row, Tab, parse_tab

from sparseq.music.keys import parse_pitch
from sparseq.music.score import Note
from sparseq.music.units import PPQ, bpm_to_tempo_us
from sparseq.music.writer import write_midi

HERE = Path(__file__).parent
LOOPS = HERE.parent.parent / "loops"
DRUM_CHANNEL = 9  # counted from 0
GRACE_S = 0.022  # between grace notes, as drummers play them at any tempo
AUTHOR = "The sparseq authors"
LICENCE = "CC0-1.0"
SHORTEST_TICKS = 20  # shorter, and some samplers swallow the note
HATS = ("hat", "open", "pedal")


def offset_ticks(tab: Tab, row: Row | Line, step: int) -> int:
    """How far from its step a stroke falls: swing, then the lane's shift, then the lane's timing cycle."""
    swing = int(tab.header.get("swing", "50"))
    swung = round((swing / 50 - 1) * tab.step_ticks) if step % 2 else 0
    cycle = tab.timing.get(row.lane, (0,))
    return swung + row.offset_ticks + cycle[step % len(cycle)]


def check_shift(tab: Tab, lane: str, step: int, offset: int) -> None:
    """Refuse what would lie in another step than it was written for."""
    if not -tab.step_ticks <= 2 * offset < tab.step_ticks:
        raise ValueError(f"{tab.name}: {lane} step {step} is {offset} ticks away, over half a step")


def row_hits(tab: Tab, row: Row) -> list[tuple[int, int]]:
    """List the (onset ticks, velocity) of each hit of a row; each stays within half a step of its step."""
    grace_ticks = round(GRACE_S * tab.bpm / 60 * PPQ)
    touch = tab.touch.get(row.lane, (0,))
    hits = []
    for step, cell in enumerate(row.cells):
        for units, level in STROKES.get(cell, ()):
            offset = offset_ticks(tab, row, step) + units * grace_ticks
            check_shift(tab, row.lane, step, offset)
            velocity = LEVELS[level] + touch[step % len(touch)]
            hits.append((max(0, step * tab.step_ticks + offset), min(127, max(1, velocity))))
    return hits


def render_notes(tab: Tab) -> list[Note]:
    """Turn a tab into notes, each cut by the next of its pitch, an open hat by the next hat, all by the loop's end."""
    hits = {row.lane: row_hits(tab, row) for row in tab.rows}
    notes = []
    for lane, lane_hits in hits.items():
        choked_by = HATS if lane == "open" else (lane,)
        stops = sorted({onset for other in choked_by for onset, _ in hits.get(other, [])} | {tab.end_ticks})
        for onset, velocity in lane_hits:
            stop = min(stop for stop in stops if stop > onset)
            length = min(KIT[lane].length_ticks, stop - onset)
            if length < SHORTEST_TICKS:
                raise ValueError(f"{tab.name}: {lane} at tick {onset} is cut to {length} ticks")
            notes.append(Note(onset, length, KIT[lane].pitch, velocity, DRUM_CHANNEL))
    return sorted(notes)


def read_line(tab: Tab, line: Line) -> list[tuple[int, int, list[int], str]]:
    """List the (tick, length, pitches, level) of what a pitched part strikes."""
    struck: list[tuple[int, int, list[int], str]] = []
    sounding = False
    for index, bar in enumerate(line.bars):
        unit = tab.bar_ticks // len(bar)
        for place, cell in enumerate(bar):
            word, _, level = cell.partition(":")
            if cell == "-" and sounding:
                tick, length, pitches, loud = struck.pop()
                struck.append((tick, length + unit, pitches, loud))
            elif cell == "-":
                raise ValueError(f"{tab.name}: {line.lane} bar {index + 1} cell {place + 1} holds nothing")
            elif cell != ".":
                named = tab.voicings.get(word, word) if line.lane == "chords" else word  # elsewhere D5 is a note
                pitches = sorted(parse_pitch(note) for note in named.split("/"))
                struck.append((index * tab.bar_ticks + place * unit, unit, pitches, level))
            sounding = cell != "."
    return struck


def line_notes(tab: Tab, line: Line, track: int) -> list[Note]:
    """Turn a pitched part into notes, each cut by the next of its pitch and by the loop's end."""
    sound = tab.sounds.get(line.lane, PLAIN_SOUND)
    touch = tab.touch.get(line.lane, (0,))
    notes: list[Note] = []
    for tick, written, pitches, level in read_line(tab, line):
        step, between = divmod(tick, tab.step_ticks)
        shift = line.offset_ticks if between else offset_ticks(tab, line, step)
        check_shift(tab, line.lane, step, shift)
        velocity = LEVELS[level or str(sound["level"])] + touch[step % len(touch)]
        for place, pitch in enumerate(pitches):
            onset = max(0, tick + shift + place * sound["strum"])
            length = max(written * sound["gate"] // 100 - place * sound["strum"], SHORTEST_TICKS)
            notes.append(Note(onset, length, pitch, min(127, max(1, velocity)), CHANNELS[line.lane], track))
    return [note._replace(duration_ticks=min(note.duration_ticks, room(tab, notes, note))) for note in notes]


def room(tab: Tab, notes: list[Note], note: Note) -> int:
    """How long a note may be: to the next of its pitch, or to the loop's end."""
    later = [other.onset_ticks for other in notes if other.pitch == note.pitch and other.onset_ticks > note.onset_ticks]
    return min([*later, tab.end_ticks]) - note.onset_ticks


def clashes(tab: Tab) -> list[str]:
    """What two hands and two feet could not play; a machine may play anything."""
    if tab.header["player"] == "machine":
        return []
    found = []
    for step in range(tab.bars * tab.bar_steps):
        struck = [row.lane for row in tab.rows if row.cells[step] != "."]
        limbs = [KIT[lane].limb for lane in struck]
        where = f"{tab.name}: bar {step // tab.bar_steps + 1} step {step % tab.bar_steps + 1}: {', '.join(struck)}"
        if limbs.count("hand") > 2:
            found.append(f"{where}: over two hands")
        if sum(lane in HATS for lane in struck) > 1:
            found.append(f"{where}: one pair of hats in two states")
    return found


def to_midi(tab: Tab) -> bytes:
    """Render a tab to the bytes of its .mid file."""
    notes, programs = render_notes(tab), {}
    for track, line in enumerate(tab.lines, start=bool(tab.rows)):
        notes += line_notes(tab, line, track)
        programs[track] = tab.sounds.get(line.lane, PLAIN_SOUND)["program"]
    return write_midi(
        notes,
        ppq=PPQ,
        tempos=[(0, bpm_to_tempo_us(tab.bpm))],
        meters=[(0, *tab.meter)],
        end_ticks=tab.end_ticks,
        track_names=[part.capitalize() for part in tab.parts],
        programs=programs,
        title=tab.header["title"],
    )


def entry(tab: Tab) -> dict[str, object]:
    """Return one loop's line in the catalogue."""
    return {
        "file": f"{tab.name}.mid",
        "title": tab.header["title"],
        "style": tab.header["style"],
        "bpm": tab.bpm,
        "meter": tab.header["meter"],
        "key": tab.header.get("key", ""),
        **({"chords": tab.header["chords"]} if "chords" in tab.header else {}),
        "bars": tab.bars,
        "steps_per_beat": tab.steps_per_beat,
        "parts": tab.parts,
        "author": AUTHOR,
        "licence": LICENCE,
    }


def catalogue_toml(tabs: list[Tab]) -> str:
    """Write the catalogue of all tabs as TOML text; strings and lists here are the same in JSON."""
    lines = ["# The shipped loops, written by tests/loops/compose.py from the tabs beside it."]
    for tab in tabs:
        lines += ["", "[[loop]]"]
        lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in entry(tab).items()]
    return "\n".join(lines) + "\n"


def read_tabs(folder: Path = HERE) -> list[Tab]:
    """Read every tab of a folder, by name."""
    return [parse_tab(path.read_text("utf-8"), path.stem) for path in sorted(folder.glob("*.tab"))]


def main() -> None:
    """Write every loop and the catalogue."""
    tabs = read_tabs()
    for tab in tabs:
        (LOOPS / f"{tab.name}.mid").write_bytes(to_midi(tab))
    (LOOPS / "loops.toml").write_text(catalogue_toml(tabs), "utf-8", newline="\n")
    print(f"{len(tabs)} loops written to {LOOPS}")


if __name__ == "__main__":
    main()
