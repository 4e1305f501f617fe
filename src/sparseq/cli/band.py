"""The options that say what the band plays and how, shared by all commands that stream: `band_options`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from sparseq.cli.options import Decorated, Number, WholeNumber
from sparseq.errors import InputError

if TYPE_CHECKING:
    from sparseq.jobs.examples import Examples
    from sparseq.jobs.stream import StreamSettings

    AnyType = click.ParamType[Any]
else:
    AnyType = click.ParamType  # older clicks have no type arguments

MOST_VOICES = 8
STEPS = ("2", "3", "4", "6", "8", "12", "16", "24")


class Parsed(AnyType):
    """A text that a function of the music layer reads; what it does not like is told as a wrong use."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return what the text stands for, or fail saying what was wanted and what was got."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except InputError as error:
            self.fail(str(error), param, ctx)


def band_options() -> Callable[[Decorated], Decorated]:
    """All of them; the command takes them as keywords and hands them to `band_settings` and `load_band`."""
    options = (
        click.option(
            "--parts",
            type=Parsed("list", names_of),
            metavar="LIST",
            help="Play these parts only, as the loops have them: drums,bass,chords,lead.",
        ),
        click.option(
            "--mute",
            type=Parsed("list", names_of),
            metavar="LIST",
            help="Parts or drums that are not heard, though the others hear them: chords,hats.",
        ),
        click.option(
            "--key",
            type=Parsed("key", _key),
            metavar="KEY",
            help="Bring the loops to this key, and let pitched parts play its scale only: 'E minor', Bb, 'D dorian'.",
        ),
        click.option(
            "--chords",
            type=Parsed("chords", _chords),
            metavar="CHORDS",
            help="Follow these chords, one a bar, going round: 'Am F C G'. With bar lines those of one bar share it: "
            "'Am | F C | G'; % is the chord before, - none. [default: such as the loops have]",
        ),
        click.option(
            "--range",
            "ranges",
            type=Parsed("range", _range),
            multiple=True,
            metavar="[PART=]LOW-HIGH",
            help="Lowest and highest note of a part, or of all pitched parts: bass=E1-G3. May be repeated.",
        ),
        click.option(
            "--max-voices",
            type=WholeNumber(1, MOST_VOICES),
            metavar="N",
            help="Notes that a part may sound at once.",
        ),
        click.option(
            "--density",
            type=Number(-1, 1),
            metavar="X",
            default=0.0,
            help="Fewer notes (down to -1) or more (up to 1).  [default: 0, as in the loops]",
        ),
        click.option(
            "--swing",
            type=Number(50, 75),
            metavar="PERCENT",
            help="Where the second of two sixteenths stands between the beats: 50 is straight, 66.7 a triplet.  "
            "[default: as played]",
        ),
        click.option(
            "--feel",
            type=Number(0, 2),
            metavar="X",
            default=1.0,
            help="How much of the loops' timing and accents stays: 0 is on the grid, 1 as played, 2 overdone.  "
            "[default: 1]",
        ),
        click.option(
            "--humanize",
            type=Number(0, 1),
            metavar="X",
            default=0.0,
            help="How far each note strays by chance, 0 to 1.  [default: 0]",
        ),
        click.option(
            "--groove",
            metavar="LOOP",
            help="Take timing and accents from this loop or file instead.",
        ),
        click.option(
            "--steps-per-beat",
            type=click.Choice(STEPS),
            help="Steps in a quarter note that the loops are counted in: 4 are sixteenths, 3 triplets.  "
            "[default: what suits each]",
        ),
    )

    def decorate(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def load_band(loops: tuple[str, ...], band: dict[str, Any], seed: int) -> Examples:
    """Read the loops that --loops and the options of the band ask for.

    Parameters
    ----------
    loops : tuple of str
        As `--loops` gives them.
    band : dict
        What `band_options` gave the command.
    seed : int
        Draws from a large library what is learnt from.

    Raises
    ------
    InputError, FileError
        As `jobs.examples.load_examples` does.
    """
    from sparseq.jobs.draw import Draw
    from sparseq.jobs.loading import load_examples

    steps = band["steps_per_beat"]
    wants_band = any(band[name] for name in ("key", "chords", "ranges", "max_voices"))
    parts = band["parts"] or frozenset()
    wants_band = wants_band or bool(parts - {"drums"})
    return load_examples(loops, int(steps) if steps else None, pitched=True, band=wants_band, draw=Draw(seed, parts))


def band_settings(seed: int, temperature: float, bpm: float | None, band: dict[str, Any]) -> StreamSettings:
    """Return what a stream is asked for.

    Parameters
    ----------
    seed, temperature, bpm
        As for `StreamSettings`.
    band : dict
        What `band_options` gave the command.

    Raises
    ------
    InputError, FileError
        If the loop for --groove cannot be used.
    """
    from sparseq.jobs.groove import load_groove
    from sparseq.jobs.stream import StreamSettings

    return StreamSettings(
        seed,
        temperature,
        bpm,
        parts=band["parts"] or frozenset(),
        muted=band["mute"] or frozenset(),
        key=band["key"],
        chords=band["chords"],
        ranges=dict(band["ranges"]),
        max_voices=band["max_voices"],
        density=band["density"],
        swing=band["swing"],
        feel=band["feel"],
        humanize=band["humanize"],
        groove=None if band["groove"] is None else load_groove(band["groove"]),
    )


def names_of(text: str) -> frozenset[str]:
    """Read names with commas between them; InputError where there is none."""
    names = frozenset(name.strip().casefold() for name in text.split(",")) - {""}
    if not names:
        raise InputError(f"wanted names with commas between them, like drums,bass, got {text!r}")
    return names


def _key(text: str) -> object:
    from sparseq.music.keys import parse_key

    return parse_key(text)


def _chords(text: str) -> object:
    from sparseq.music.chords import parse_chords

    return parse_chords(text)


def _range(text: str) -> tuple[str, tuple[int, int]]:
    from sparseq.music.keys import parse_range

    part, equals, limits = text.rpartition("=")
    return (part.strip().casefold() if equals else ""), parse_range(limits)
