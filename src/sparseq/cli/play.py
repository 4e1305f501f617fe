"""`sparseq play`: new drums live into a MIDI port."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click

from sparseq.cli.exits import Exit
from sparseq.cli.options import (
    bar_count_option,
    bpm_option,
    force_option,
    loops_option,
    quiet_option,
    seed_option,
    temperature_option,
)
from sparseq.cli.reports import bar_count, say_skipped
from sparseq.cli.seeds import seed_or_fresh
from sparseq.cli.talk import columns, say, speaks_unicode, wants_colour, wants_motion

if TYPE_CHECKING:
    from sparseq.jobs.play import Performance
    from sparseq.jobs.stream import Stream
    from sparseq.realtime.outputs import OutputPort
    from sparseq.realtime.sequencer import Report
    from sparseq.realtime.tape import Tape
    from sparseq.views.live import LiveGrid

REFRESH_S = 0.04
STOP_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
PATIENCE = 3  # so many signals only stop the performance


@click.command(name="play")
@loops_option()
@click.option(
    "--port",
    metavar="NAME|virtual|null",
    default="virtual",
    show_default=True,
    help="A part of a port's name, a port of our own for others to connect to, or no port at all.",
)
@bpm_option(help="Tempo, 20 to 400. [default: that of the loop leaned on most]")
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
    from sparseq.jobs.files import check_writable
    from sparseq.jobs.play import Performance, PlaySettings
    from sparseq.jobs.stream import Stream, StreamSettings
    from sparseq.realtime.clock import MonotonicClock
    from sparseq.realtime.tape import Tape

    if save is not None:
        check_writable(save, force)
    settings = StreamSettings(seed_or_fresh(seed), temperature, bpm)
    stream = Stream(load_examples(loops, pitched=True), settings)
    say_skipped(stream.examples.skipped, quiet=quiet)
    output, tape = _open(port, quiet), Tape() if save is not None else None
    performance = Performance(stream, output, MonotonicClock(), PlaySettings(bars, clock), tape)
    with _stopped_by_signals(performance) as heard:
        say(f"playing to {_called(output)}, seed {settings.seed}; Ctrl-C stops", quiet=quiet)
        try:
            report = _watched(performance, quiet)
        finally:
            if heard and sys.stderr.isatty():
                say("")  # leaves the line on which the terminal has echoed ^C
            output.close()
            if save is not None and tape is not None:
                _save(save, tape, stream, settings.seed, force=force, quiet=quiet)
        _say_report(report, quiet, has_lateness=output.lateness() is not None)
    if heard:
        raise click.exceptions.Exit(Exit.INTERRUPTED)


def _open(port: str, quiet: bool) -> OutputPort:
    """Open the port; a machine without MIDI still plays, in real time, to nobody."""
    from sparseq.realtime.outputs import NullPort
    from sparseq.realtime.ports import VIRTUAL, NoMidiSystem, open_output

    try:
        return open_output(port)
    except NoMidiSystem as error:
        if port != VIRTUAL:
            raise
        say(str(error), quiet=quiet)
        return NullPort()


def _called(output: OutputPort) -> str:
    return "the null port" if output.name == "null" else f"the port {output.name!r}"


@contextmanager
def _stopped_by_signals(performance: Performance) -> Iterator[list[int]]:
    """Let Ctrl-C and polite kills stop the performance, and yield a list of those heard.

    They interrupt nothing else, so that impatient fingers cannot keep the take from being saved; who insists may.
    """
    heard: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        performance.stop()
        if len(heard) > PATIENCE:
            raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in STOP_SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    changed = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}  # nohup stays
    for number in changed:
        signal.signal(number, stop)
    try:
        yield heard
    finally:
        for number, handler in changed.items():
            signal.signal(number, handler)


def _watched(performance: Performance, quiet: bool) -> Report:
    """Play in a thread of its own, and draw what sounds until it ends or is stopped."""
    from concurrent.futures import ThreadPoolExecutor, wait

    with ThreadPoolExecutor(1) as pool, _view(performance, quiet) as view:
        try:
            playing = pool.submit(performance.play)
            while not wait([playing], timeout=REFRESH_S).done:
                view.refresh()
            view.refresh()
        finally:
            performance.stop()
    return playing.result()


def _save(save: str, tape: Tape, stream: Stream, seed: int, *, force: bool, quiet: bool) -> None:
    """Write what was played, if anything was."""
    from sparseq.jobs.files import write_atomically
    from sparseq.jobs.takes import take_title, tape_bytes

    if not tape.bars:
        say(f"nothing was played: {save} is not written", quiet=quiet)
        return
    title = take_title(stream.style, seed)
    write_atomically(save, tape_bytes(tape, stream.meter, title, stream.sounds, stream.key), force)
    say(f"wrote {save}: {bar_count(len(tape.bars))}", quiet=quiet)


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


def _say_report(report: Report, quiet: bool, *, has_lateness: bool) -> None:
    """Say what was played, and how late it left, where the port can tell."""
    late = report.lateness
    say(f"played {bar_count(report.bars)}, {report.events} events", quiet=quiet)
    if report.repeats:
        say(f"{bar_count(report.repeats)} came again because the next was not ready in time", quiet=quiet)
    if late.events and has_lateness:
        say(f"events left {late.p50_ms:.2f} ms late (median), {late.p99_ms:.2f} ms (p99)", quiet=quiet)
