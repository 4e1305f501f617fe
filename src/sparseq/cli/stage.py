"""A performance in a terminal: played in a thread, drawn and steered in the main one, ended by signals, saved."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from sparseq.cli.exits import Exit
from sparseq.cli.keyboard import keyboard
from sparseq.cli.outputs import listening
from sparseq.cli.reports import bar_count
from sparseq.cli.signals import stopped_by_signals, suspends
from sparseq.cli.talk import columns, rows, say, speaks_unicode, wants_colour, wants_motion

if TYPE_CHECKING:
    from sparseq.jobs.desk import Desk
    from sparseq.jobs.play import Performance
    from sparseq.realtime.mapping import ControlMap
    from sparseq.realtime.outputs import OutputPort
    from sparseq.realtime.sequencer import Report
    from sparseq.realtime.tape import Tape
    from sparseq.realtime.transport import Reading, Transport
    from sparseq.views.live import LiveView

REFRESH_S = 0.04
LATENESS_REFRESHES = 50  # so many refreshes between two looks at how late events leave
START_REFRESHES = 25  # so many refreshes a clock may run before we say that it has not been started
MAP_NAME = "controls.json"


class MapFile(NamedTuple):
    """What knobs and pads are bound to, and the file that keeps it."""

    path: Path
    table: ControlMap


class Wishes(NamedTuple):
    """How a person wants to see and steer a performance, and what is to be kept of it."""

    quiet: bool = False
    plain: bool = False
    keys: bool | None = None
    table: MapFile | None = None
    input_name: str | None = None
    last_bars: int = 8
    save: str | None = None
    force: bool = False


class Words:
    """One-line messages: to stderr until there is a view, then wherever the view shows them."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self.show: Callable[[str], None] | None = None

    def __call__(self, line: str) -> None:
        """Tell the person; any thread may."""
        if self.show is not None:
            self.show(line)
        else:
            say(line, quiet=self._quiet)


class StartWait:
    """Says once that a clock runs which nobody has started, when it has done so for `START_REFRESHES` looks."""

    def __init__(self) -> None:
        self._looks = 0

    def line(self, reading: Reading) -> str:
        """Return what a person is to be told now; "" for nothing."""
        from sparseq.realtime.transport import SyncState

        if self._looks > START_REFRESHES:
            return ""
        self._looks = self._looks + 1 if reading.state is SyncState.UNSTARTED else 0
        return f"the clock {reading.words}" if self._looks > START_REFRESHES else ""


class Stage:
    """Everything around a performance.

    Parameters
    ----------
    performance : Performance
        What is played.
    output : OutputPort
        Where to; closed at the end.
    tape : Tape or None
        What was played.
    wishes : Wishes
        How to show and steer it.
    words : Words
        Where messages go.
    master : Transport or None
        Who is followed.
    hear : callables
        Who else hears what comes in, called with (seconds, message).
    on_refresh : callable, optional
        Called some 25 times a second.
    """

    def __init__(
        self,
        performance: Performance,
        output: OutputPort,
        tape: Tape | None,
        wishes: Wishes,
        words: Words,
        *,
        master: Transport | None = None,
        hear: Sequence[Callable[[float, bytes], None]] = (),
        on_refresh: Callable[[], None] | None = None,
    ) -> None:
        self._performance, self._output, self._tape = performance, output, tape
        self._wishes, self._words, self._master = wishes, words, master
        self._on_refresh = on_refresh
        self._refreshes, self._late, self._start_wait = 0, "", StartWait()
        self._desk = self._made_desk()
        self._hear = (*hear, self._desk.midi)

    def play(self) -> Report:
        """Play to the end, save what was asked for, and return what it came to; exits with 130 if it was stopped."""
        with stopped_by_signals(self._performance) as heard:
            try:
                report = self._watched()
            finally:
                self._words.show = None
                if heard and sys.stderr.isatty():
                    say("")  # leaves the line on which the terminal has echoed ^C
                can_tell = self._output.lateness() is not None
                self._output.close()
                self._save()
            say_report(report, self._wishes.quiet, has_lateness=can_tell)
        if heard:
            raise click.exceptions.Exit(Exit.INTERRUPTED)
        return report

    def _watched(self) -> Report:
        """Play in a thread of its own; draw and steer until it ends or is stopped."""
        from concurrent.futures import ThreadPoolExecutor, wait

        with ExitStack() as stack:
            pool = stack.enter_context(ThreadPoolExecutor(1))
            keys = stack.enter_context(keyboard(self._wishes.keys and not self._wishes.quiet))
            view = self._view()
            stack.callback(view.close)
            self._words.show = view.say
            self._performance.watch(view.add)
            stack.enter_context(suspends(self._performance, view, keys))
            stack.enter_context(listening(self._wishes.input_name, self._heard, self._words))
            stack.callback(self._performance.stop)
            playing = pool.submit(self._performance.play)
            while not wait([playing], timeout=REFRESH_S).done:
                for key in keys.read():
                    self._desk.key(key)
                if self._on_refresh is not None:
                    self._on_refresh()
                self._tell_of_start()
                view.refresh()
        return playing.result()

    def _tell_of_start(self) -> None:
        if self._master is not None and (line := self._start_wait.line(self._master.reading(_now_s()))):
            self._words(line)

    def _heard(self, time_s: float, data: bytes) -> None:
        for hear in self._hear:
            hear(time_s, data)

    def _view(self) -> LiveView:
        from sparseq.views.live import Block, Look, Printer, Silence

        if self._wishes.quiet:
            return Silence()
        look = Look(wants_colour(sys.stdout), speaks_unicode(sys.stdout), columns(), rows())
        if self._wishes.plain or not wants_motion(sys.stdout):
            return Printer(_write, say, look, in_words=self._wishes.plain)
        return Block(_write, self._performance.now, self._below, look)

    def _below(self) -> list[str]:
        """Return the lines below the bar: how all stands, and the help if it is asked for."""
        from sparseq.views.live import fitted

        if not self._refreshes % LATENESS_REFRESHES:
            late = self._output.lateness()
            self._late = f"late {late.p50_ms:.2f} ms, p99 {late.p99_ms:.2f}" if late is not None and late.events else ""
        self._refreshes += 1
        words = self._desk.words()
        words += [f"clock: {self._master.reading(_now_s()).words}"] if self._master is not None else []
        words += [self._late] if self._late else []
        words += ["? help"] if self._wishes.keys is not False and not self._desk.shows_help else []
        return fitted(words, columns()) + (fitted(self._desk.help(), columns()) if self._desk.shows_help else [])

    def _made_desk(self) -> Desk:
        from sparseq.jobs.desk import Desk

        path, table = self._wishes.table or read_map(None)
        set_tempo = getattr(self._master, "set_tempo", None)
        return Desk(
            self._performance,
            table,
            self._words,
            lambda learnt: self._keep_map(learnt, path),
            last_bars=self._wishes.last_bars,
            set_tempo=set_tempo,
            has_master=self._master is not None,
        )

    def _keep_map(self, table: ControlMap, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        table.save(path)
        self._words(f"learnt; kept in {path}")

    def save_last(self, count: float) -> None:
        """Write the last bars to a file of their own, beside the take or here."""
        from sparseq.jobs.files import write_atomically

        assert self._tape is not None
        last = self._tape.last_bars(int(count))
        if not last.bars:
            self._words("no bar has been played to its end yet: nothing to save")
            return
        path = free_name(Path(self._wishes.save).parent if self._wishes.save else Path())
        write_atomically(path, self._bytes(last))
        self._words(f"wrote {path}: {bar_count(len(last.bars))}")

    def _save(self) -> None:
        """Write what was played, if that was asked for and anything was."""
        from sparseq.jobs.files import write_atomically

        save, tape = self._wishes.save, self._tape
        if save is None or tape is None:
            return
        if not tape.bars:
            say(f"nothing was played: {save} is not written", quiet=self._wishes.quiet)
            return
        write_atomically(save, self._bytes(tape), self._wishes.force)
        say(f"wrote {save}: {bar_count(len(tape.bars))}", quiet=self._wishes.quiet)

    def _bytes(self, tape: Tape) -> bytes:
        from sparseq.jobs.takes import take_title, tape_bytes

        stream = self._performance.stream
        title = take_title(stream.style, stream.settings.seed)
        return tape_bytes(tape, stream.meter, title, stream.sounds, stream.key)


def read_map(name: str | None) -> MapFile:
    """Return the table in a file, or in this platform's folder for settings; an empty one where there is none yet."""
    import platformdirs

    from sparseq.realtime.mapping import ControlMap

    path = Path(name) if name else platformdirs.user_config_path("sparseq", appauthor=False) / MAP_NAME
    return MapFile(path, ControlMap.load(path) if path.exists() else ControlMap())


def free_name(folder: Path) -> Path:
    """Return a name for a take that no file has yet."""
    numbers = iter(range(1, 10_000))
    return next(path for number in numbers if not (path := folder / f"sparseq-take-{number:03d}.mid").exists())


def say_report(report: Report, quiet: bool, *, has_lateness: bool) -> None:
    """Say what was played, and how late it left, where the port can tell."""
    late = report.lateness
    say(f"played {bar_count(report.bars)}, {report.events} events", quiet=quiet)
    if report.repeats:
        say(f"{bar_count(report.repeats)} came again because the next was not ready in time", quiet=quiet)
    if late.events and has_lateness:
        say(f"events left {late.p50_ms:.2f} ms late (median), {late.p99_ms:.2f} ms (p99)", quiet=quiet)


def _now_s() -> float:
    from sparseq.realtime.clock import MonotonicClock

    return MonotonicClock().now_s()


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
