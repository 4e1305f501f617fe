"""Tabs: how the loops beside this file are written down, read into rows and pitched lines.

A tab is plain text: `key: value` lines, then one row a lane, bars between `|`, one character a step.

    .     rest                        f     flam: one soft grace note, then the stroke
    1-9   stroke, softest to loudest  d     drag: two soft grace notes, then the stroke
                                      z     press roll: a stroke and two softer echoes

Blanks inside a bar are for the eye. The number after a lane's name shifts the whole lane, in ticks (960 a quarter).
`swing: 58` puts each odd step 58 % of the way through its pair. `timing LANE: ...` and `touch LANE: ...` are cycles
of ticks and of velocity that run over the steps from the loop's start. `bpm` counts quarter notes, as a .mid does.

Rows of `bass`, `chords` and `lead` are pitched: cells with blanks between them share their bar evenly, and a row that
is written again goes on with the next bars.

    .        rest        C#4       a note            C#4:8    another level than the part's
    -        hold        C4/E4/G4  notes together    Am7      in chords: notes that `voicing Am7: G3 C4 E4` names

`part bass: program 33 level 7 gate 90` says how it sounds: General MIDI program counted from 0, level of velocity, how
much of its written length a note lasts in percent, and `strum 12` ticks from each note of a chord to the next higher.
"""

import re
from dataclasses import dataclass, field

from sparseq.music.units import PPQ

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
CHANNELS = {"bass": 1, "chords": 2, "lead": 3}  # counted from 0, of the pitched parts
PLAIN_SOUND = {"program": 0, "level": 6, "gate": 95, "strum": 0}


@dataclass(frozen=True, slots=True)
class Row:
    """One lane of a tab: its cells step by step, and how far the whole lane is shifted."""

    lane: str
    offset_ticks: int
    cells: str


@dataclass(frozen=True, slots=True)
class Line:
    """One pitched part of a tab: its cells bar by bar, and how far the whole part is shifted."""

    lane: str
    offset_ticks: int
    bars: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Tab:
    """One loop as written: the header's words, the rows, the cycles of feel, and what is pitched."""

    name: str
    header: dict[str, str]
    rows: tuple[Row, ...]
    timing: dict[str, tuple[int, ...]]
    touch: dict[str, tuple[int, ...]]
    bars: int
    lines: tuple[Line, ...] = ()
    sounds: dict[str, dict[str, int]] = field(default_factory=dict)
    voicings: dict[str, str] = field(default_factory=dict)

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
    def bar_ticks(self) -> int:
        """Length of a bar."""
        return self.bar_steps * self.step_ticks

    @property
    def parts(self) -> list[str]:
        """What plays, drums first."""
        return [*(["drums"] if self.rows else []), *(line.lane for line in self.lines)]

    @property
    def end_ticks(self) -> int:
        """Length of the loop."""
        return self.bars * self.bar_ticks


def parse_tab(text: str, name: str) -> Tab:
    """Read a tab's text; every bar must fill its meter."""
    header: dict[str, str] = {}
    cycles: dict[str, dict[str, tuple[int, ...]]] = {"timing": {}, "touch": {}}
    sounds: dict[str, dict[str, int]] = {}
    voicings: dict[str, str] = {}
    rows: list[tuple[Row, int]] = []
    lines: dict[str, Line] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if "|" in line and line.split()[0] in CHANNELS:
            add_line(lines, line, name)
            continue
        if "|" in line and not line.startswith("chords:"):
            rows.append(parse_row(line, name))
            continue
        key, value = (part.strip() for part in line.split(":", 1))
        what, _, lane = key.partition(" ")
        if what in cycles:
            cycles[what][lane] = tuple(int(number) for number in value.split())
        elif what == "part":
            words = iter(value.split())
            sounds[lane] = PLAIN_SOUND | {word: int(next(words)) for word in words}
        elif what == "voicing":
            voicings[lane] = "/".join(value.split())
        else:
            header[key] = value
    counts = {count for _, count in rows} | {len(line.bars) for line in lines.values()}
    if len(counts) != 1:
        raise ValueError(f"{name}: the rows have different numbers of bars: {sorted(counts)}")
    drums, pitched = tuple(row for row, _ in rows), tuple(lines[part] for part in CHANNELS if part in lines)
    tab = Tab(name, header, drums, cycles["timing"], cycles["touch"], counts.pop(), pitched, sounds, voicings)
    check(tab)
    return tab


def add_line(lines: dict[str, Line], line: str, name: str) -> None:
    """Read one row of a pitched part; it goes on where the last row of the part ended."""
    found = re.fullmatch(r"(\w+)\s*([+-]?\d+)?\s*\|(.*?)\|?", line.rstrip())
    if not found:
        raise ValueError(f"{name}: no shift in ticks in {line!r}")
    bars = tuple(tuple(bar.split()) for bar in found[3].split("|"))
    before = lines.get(found[1], Line(found[1], int(found[2] or 0), ()))
    lines[found[1]] = Line(before.lane, before.offset_ticks, before.bars + bars)


def parse_row(line: str, name: str) -> tuple[Row, int]:
    """Read one `lane offset | bar | bar` line; return the row and its number of bars."""
    found = re.fullmatch(r"([a-z-]+)\s*([+-]?\d+)?\s*\|(.*)", line.rstrip())
    if not found or found[1] not in KIT:
        raise ValueError(f"{name}: no lane in {line!r}")
    bars = [bar.replace(" ", "") for bar in found[3].split("|")]
    return Row(found[1], int(found[2] or 0), "".join(bars)), len(bars)


def check(tab: Tab) -> None:
    """Refuse rows of the wrong length, unknown strokes, and feel for lanes that are not there."""
    lanes = [row.lane for row in tab.rows] + [line.lane for line in tab.lines]
    for line in tab.lines:
        for number, bar in enumerate(line.bars, start=1):
            if not bar or tab.bar_ticks % len(bar):
                raise ValueError(f"{tab.name}: {line.lane} bar {number} cannot be cut into {len(bar)} cells")
    steps = tab.bars * tab.bar_steps
    for row in tab.rows:
        if len(row.cells) != steps:
            raise ValueError(f"{tab.name}: {row.lane} has {len(row.cells)} steps, {steps} are needed")
        if unknown := set(row.cells) - set(STROKES) - {"."}:
            raise ValueError(f"{tab.name}: {row.lane} has unknown strokes {sorted(unknown)}")
    if strangers := {*tab.timing, *tab.touch, *tab.sounds} - set(lanes):
        raise ValueError(f"{tab.name}: feel or sound for lanes that are not there: {sorted(strangers)}")
    if len(set(lanes)) != len(lanes):
        raise ValueError(f"{tab.name}: a lane is written twice")
