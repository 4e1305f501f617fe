"""Render the drum tabs beside this file to the .mid loops, and their catalogue, that sparseq ships.

A tab is plain text: `key: value` lines, then one row a lane, bars between `|`, one character a step.

    .     rest                        f     flam: one soft grace note, then the stroke
    1-9   stroke, softest to loudest  d     drag: two soft grace notes, then the stroke
                                      z     press roll: a stroke and two softer echoes

Blanks inside a bar are for the eye. The number after a lane's name shifts the whole lane, in ticks (960 a quarter).
`swing: 58` puts each odd step 58 % of the way through its pair. `timing LANE: ...` and `touch LANE: ...` are cycles
of ticks and of velocity that run over the steps from the loop's start. `bpm` counts quarter notes, as a .mid does.

Run it to write them all: python tests/loops/compose.py
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

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

# Velocities of the digits: 1-3 are ghosts, 4-6 the body of a groove, 7-8 strokes, 9 an accent.
LEVELS = dict(zip("123456789", (18, 28, 38, 52, 64, 76, 90, 104, 118), strict=True))
# Each stroke letter: its hits as (grace units from the step, level).
STROKES = {digit: ((0, digit),) for digit in LEVELS} | {
    "f": ((-1, "3"), (0, "8")),
    "d": ((-2, "3"), (-1, "3"), (0, "7")),
    "z": ((0, "5"), (1, "4"), (2, "2")),
}


@dataclass(frozen=True, slots=True)
class Instrument:
    """One General MIDI percussion sound: pitch, how long it is held, and what plays it."""

    pitch: int
    length_ticks: int
    limb: str  # "hand", "right foot", "left foot"; "other" is a second player's percussion


KIT = {
    "kick": Instrument(36, 180, "right foot"),
    "rim": Instrument(37, 120, "hand"),
    "snare": Instrument(38, 200, "hand"),
    "clap": Instrument(39, 200, "other"),
    "floor": Instrument(41, 320, "hand"),
    "hat": Instrument(42, 110, "hand"),
    "pedal": Instrument(44, 110, "left foot"),
    "tom-low": Instrument(45, 300, "hand"),
    "open": Instrument(46, 460, "hand"),
    "tom-mid": Instrument(47, 280, "hand"),
    "crash": Instrument(49, 1800, "hand"),
    "tom-high": Instrument(50, 260, "hand"),
    "ride": Instrument(51, 360, "hand"),
    "bell": Instrument(53, 360, "hand"),
    "tambourine": Instrument(54, 120, "other"),
    "cowbell": Instrument(56, 160, "hand"),
    "conga-mute": Instrument(62, 140, "other"),
    "conga-open": Instrument(63, 220, "other"),
    "conga-low": Instrument(64, 240, "other"),
    "timbale": Instrument(65, 220, "other"),
    "agogo-high": Instrument(67, 160, "other"),
    "agogo-low": Instrument(68, 160, "other"),
    "cabasa": Instrument(69, 110, "other"),
    "shaker": Instrument(70, 110, "other"),
    "clave": Instrument(75, 140, "other"),
    "woodblock": Instrument(76, 140, "other"),
    "surdo-mute": Instrument(43, 240, "other"),
    "surdo": Instrument(41, 480, "other"),
}
HATS = ("hat", "open", "pedal")


@dataclass(frozen=True, slots=True)
class Row:
    """One lane of a tab: its cells step by step, and how far the whole lane is shifted."""

    lane: str
    offset_ticks: int
    cells: str


@dataclass(frozen=True, slots=True)
class Tab:
    """One loop as written: the header's words, the rows, and the cycles of feel."""

    name: str
    header: dict[str, str]
    rows: tuple[Row, ...]
    timing: dict[str, tuple[int, ...]]
    touch: dict[str, tuple[int, ...]]
    bars: int

    @property
    def meter(self) -> tuple[int, int]:
        """Numerator and denominator."""
        upper, lower = self.header["meter"].split("/")
        return int(upper), int(lower)

    @property
    def bpm(self) -> int:
        """Quarter notes a minute."""
        return int(self.header["bpm"])

    @property
    def steps_per_beat(self) -> int:
        """Steps a quarter note."""
        return int(self.header["steps per beat"])

    @property
    def step_ticks(self) -> int:
        """Ticks from one step to the next."""
        return PPQ // self.steps_per_beat

    @property
    def bar_steps(self) -> int:
        """Steps a bar; a bar that is no whole number of steps is refused."""
        upper, lower = self.meter
        steps, rest = divmod(upper * 4 * self.steps_per_beat, lower)
        if rest:
            raise ValueError(f"{self.name}: a bar of {upper}/{lower} is no whole number of steps")
        return steps

    @property
    def end_ticks(self) -> int:
        """Length of the loop."""
        return self.bars * self.bar_steps * self.step_ticks


def parse_tab(text: str, name: str) -> Tab:
    """Read a tab's text; every bar must fill its meter."""
    header: dict[str, str] = {}
    cycles: dict[str, dict[str, tuple[int, ...]]] = {"timing": {}, "touch": {}}
    rows: list[tuple[Row, int]] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if "|" in line:
            rows.append(parse_row(line, name))
            continue
        key, value = (part.strip() for part in line.split(":", 1))
        what, _, lane = key.partition(" ")
        if what in cycles:
            cycles[what][lane] = tuple(int(number) for number in value.split())
        else:
            header[key] = value
    counts = {count for _, count in rows}
    if len(counts) != 1:
        raise ValueError(f"{name}: the rows have different numbers of bars: {sorted(counts)}")
    tab = Tab(name, header, tuple(row for row, _ in rows), cycles["timing"], cycles["touch"], counts.pop())
    check(tab)
    return tab


def parse_row(line: str, name: str) -> tuple[Row, int]:
    """Read one `lane offset | bar | bar` line; return the row and its number of bars."""
    found = re.fullmatch(r"([a-z-]+)\s*([+-]?\d+)?\s*\|(.*)", line.rstrip())
    if not found or found[1] not in KIT:
        raise ValueError(f"{name}: no lane in {line!r}")
    bars = [bar.replace(" ", "") for bar in found[3].split("|")]
    return Row(found[1], int(found[2] or 0), "".join(bars)), len(bars)


def check(tab: Tab) -> None:
    """Refuse rows of the wrong length, unknown strokes, and feel for lanes that are not there."""
    lanes = [row.lane for row in tab.rows]
    steps = tab.bars * tab.bar_steps
    for row in tab.rows:
        if len(row.cells) != steps:
            raise ValueError(f"{tab.name}: {row.lane} has {len(row.cells)} steps, {steps} are needed")
        if unknown := set(row.cells) - set(STROKES) - {"."}:
            raise ValueError(f"{tab.name}: {row.lane} has unknown strokes {sorted(unknown)}")
    if strangers := {*tab.timing, *tab.touch} - set(lanes):
        raise ValueError(f"{tab.name}: feel for lanes that are not there: {sorted(strangers)}")
    if len(set(lanes)) != len(lanes):
        raise ValueError(f"{tab.name}: a lane is written twice")


def offset_ticks(tab: Tab, row: Row, step: int) -> int:
    """How far from its step a stroke falls: swing, then the lane's shift, then the lane's timing cycle."""
    swing = int(tab.header.get("swing", "50"))
    swung = round((swing / 50 - 1) * tab.step_ticks) if step % 2 else 0
    cycle = tab.timing.get(row.lane, (0,))
    return swung + row.offset_ticks + cycle[step % len(cycle)]


def row_hits(tab: Tab, row: Row) -> list[tuple[int, int]]:
    """List the (onset ticks, velocity) of each hit of a row; each stays within half a step of its step."""
    grace_ticks = round(GRACE_S * tab.bpm / 60 * PPQ)
    touch = tab.touch.get(row.lane, (0,))
    hits = []
    for step, cell in enumerate(row.cells):
        for units, level in STROKES.get(cell, ()):
            offset = offset_ticks(tab, row, step) + units * grace_ticks
            if not -tab.step_ticks <= 2 * offset < tab.step_ticks:
                raise ValueError(f"{tab.name}: {row.lane} step {step} is {offset} ticks away, over half a step")
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
    return write_midi(
        render_notes(tab),
        ppq=PPQ,
        tempos=[(0, bpm_to_tempo_us(tab.bpm))],
        meters=[(0, *tab.meter)],
        end_ticks=tab.end_ticks,
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
        "key": "",
        "bars": tab.bars,
        "steps_per_beat": tab.steps_per_beat,
        "parts": ["drums"],
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
