"""`sparseq play`: new drums live into a MIDI port."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sparseq.cli.options import (
    bar_count_option,
    bpm_option,
    force_option,
    loops_option,
    quiet_option,
    seed_option,
    temperature_option,
)
from sparseq.cli.reports import say_skipped
from sparseq.cli.seeds import seed_or_fresh
from sparseq.cli.talk import columns, say, speaks_unicode, wants_colour, wants_motion

if TYPE_CHECKING:
    from sparseq.jobs.play import Performance
    from sparseq.realtime.outputs import OutputPort
    from sparseq.realtime.sequencer import Report
    from sparseq.views.live import LiveGrid

REFRESH_S = 0.04


@click.command(name="play")
@loops_option()
@click.option(
    "--port",
    metavar="NAME|virtual|null",
    default="virtual",
    show_default=True,
    help="A part of a port's name, a port of our own for others to connect to, or no port at all.",
)
@bpm_option(help="Tempo, 20 to 400. [default: that of the loops leaned on most]")
@bar_count_option(None, help="Stop after so many bars. [default: play on until Ctrl-C]")
@seed_option()
@temperature_option(1.0)
@click.option("--clock/--no-clock", default=False, show_default=True, help="Send MIDI clock, start and stop too.")
@click.option("--save", metavar="FILE.mid", help="Write what was played here at the end.")
@force_option()
@quiet_option()
def command(
    loops: tuple[str, ...],
    port: str,
    bpm: float | None,
    bars: int | None,
    seed: int | None,
    temperature: float,
    clock: bool,
    save: str | None,
    force: bool,
    quiet: bool,
) -> None:
    """Stream new drums live into a MIDI port.

    Connect the port to a drum instrument in a DAW or synthesiser (General MIDI drums, channel 10). Ctrl-C stops; what
    sounds is released.
    """
    from sparseq.jobs.examples import load_examples
    from sparseq.jobs.files import check_writable, write_atomically
    from sparseq.jobs.play import Performance, PlaySettings
    from sparseq.jobs.stream import DrumStream, StreamSettings
    from sparseq.jobs.takes import tape_bytes
    from sparseq.realtime.clock import MonotonicClock

    if save:
        check_writable(save, force)
    settings = StreamSettings(seed_or_fresh(seed), temperature, bpm)
    stream = DrumStream(load_examples(loops), settings)
    say_skipped(stream.examples.skipped, quiet=quiet)
    output = _open(port, quiet)
    performance = Performance(stream, output, MonotonicClock(), PlaySettings(bars, clock))
    say(f"playing to {output.name}, seed {settings.seed}; Ctrl-C stops", quiet=quiet)
    try:
        report = _watched(performance, quiet)
    finally:
        output.close()
        if save:
            write_atomically(save, tape_bytes(performance.tape, stream.meter, Path(save).stem), force)
            say(f"wrote {save}", quiet=quiet)
    _say_report(report, quiet)


def _open(port: str, quiet: bool) -> OutputPort:
    """Open the port; a machine without MIDI still plays, in real time, to nobody."""
    from sparseq.realtime.outputs import NullPort
    from sparseq.realtime.ports import NoMidiSystem, open_output

    try:
        return open_output(port)
    except NoMidiSystem as error:
        if port != "virtual":
            raise
        say(f"{error}; playing to the null port", quiet=quiet)
        return NullPort()


def _watched(performance: Performance, quiet: bool) -> Report:
    """Play in a thread of its own, and draw what sounds until it ends or Ctrl-C comes."""
    from concurrent.futures import ThreadPoolExecutor, wait

    with ThreadPoolExecutor(1) as pool, _view(performance, quiet) as view:
        playing = pool.submit(performance.play)
        try:
            while not wait([playing], timeout=REFRESH_S).done:
                view.refresh()
        finally:
            performance.stop()
        return playing.result()


def _view(performance: Performance, quiet: bool) -> LiveGrid:
    from sparseq.views.live import LiveGrid

    view = LiveGrid(
        _discard if quiet else _write,
        performance.position_steps,
        in_place=wants_motion(sys.stdout),
        colour=wants_colour(sys.stdout),
        unicode=speaks_unicode(sys.stdout),
        width=columns(),
    )
    if not quiet:
        performance.watch(view.add)
    return view


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _discard(text: str) -> None:
    """Show nothing."""


def _say_report(report: Report, quiet: bool) -> None:
    late = report.lateness
    say(f"played {report.bars} bars, {report.events} events", quiet=quiet)
    if report.repeats:
        say(f"{report.repeats} bars came again because the next was not ready in time", quiet=quiet)
    if late.events:
        say(f"events left {late.p50_ms:.2f} ms late (median), {late.p99_ms:.2f} ms (p99)", quiet=quiet)
