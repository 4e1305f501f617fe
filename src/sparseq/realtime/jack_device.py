"""JACK as a system that schedules: each event is written into the period it is due in, at its very frame.

Events lie ready in this process before they are due, and the process callback of JACK puts them where they belong. What
python-rtmidi sends goes out with the next period instead, up to one period late.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from sparseq.errors import PortError
from sparseq.realtime.ports import CLIENT_NAME, NoMidiSystem, PortGone, choose_port, quiet_stderr

_SMOOTH = 0.05  # how much of a callback's own lateness moves our idea of when periods begin
_SLIP = 0.75  # of a period: more than that is no lateness, the server has stalled
# After a stall of so many periods the server calls twice in a row, and who listens looks only once, before the second
# call or after it: what is written in one of the two is lost. So we write when calls are a good part of a period apart
# again, or when that takes too long.
_STALL, _APART, _PATIENCE = 2.0, 0.6, 3


def load_jack() -> ModuleType | None:
    """Return JACK-Client's module, or None where it or the JACK library is missing.

    Windows has no pipes that can be read without waiting, which is how events come to JACK's thread.
    """
    if sys.platform == "win32":
        return None
    try:
        import jack
    except (ImportError, OSError):
        return None
    module: ModuleType = jack
    return module


def open_client(name: str) -> tuple[ModuleType, Any]:
    """Return (module, client that is not active yet).

    Raises
    ------
    NoMidiSystem
        If no server runs.
    PortError
        If JACK-Client is not installed.
    """
    jack = load_jack()
    if jack is None:
        raise PortError("scheduled JACK output needs JACK-Client, which is not installed: pip install 'sparseq[jack]'")
    try:
        with quiet_stderr():
            return jack, jack.Client(name, no_start_server=True)
    except jack.JackError as error:
        raise NoMidiSystem("no JACK server answers here: start one, or use the null port") from error


class PeriodClock:
    """When the periods of a server begin, from callbacks that are each a little late.

    Parameters
    ----------
    period_ns : float
        Length of a period.
    """

    def __init__(self, period_ns: float) -> None:
        self._period_ns = period_ns
        self._start_ns: float | None = None

    def begin(self, now_ns: int) -> float:
        """Return when the period began whose callback runs at ``now_ns``."""
        if self._start_ns is None or abs(now_ns - self._start_ns - self._period_ns) > _SLIP * self._period_ns:
            self._start_ns = float(now_ns)
        else:
            self._start_ns += self._period_ns
            self._start_ns += _SMOOTH * (now_ns - self._start_ns)
        return self._start_ns


class JackDevice:
    """A MIDI output of JACK that writes ahead.

    Parameters
    ----------
    jack : module
        JACK-Client.
    client : jack.Client
        Not active yet.
    wanted : str
        A part of the name of the input to connect to; "" for none.
    """

    def __init__(self, jack: ModuleType, client: Any, wanted: str = "") -> None:
        self._jack = jack
        self._client = client
        self._outlet = client.midi_outports.register("out")
        self._target = self._find(wanted) if wanted else None
        self.name = self._target or self._outlet.name
        self._frame_ns = 1e9 / client.samplerate
        self._period_ns = client.blocksize * self._frame_ns
        self._periods = PeriodClock(self._period_ns)
        self._start_ns = self._end_ns = 0.0
        self._frame = 0  # of the last event in this period
        self._called_ns = 0
        self._skipped = 0  # calls since the server has stalled
        self._has_gone = False
        self._work: Callable[[], None] | None = None

    @classmethod
    def open(cls, wanted: str = "") -> JackDevice:
        """Make a port, and connect it to the input with ``wanted`` in its name."""
        jack, client = open_client(CLIENT_NAME)
        try:
            return cls(jack, client, wanted)
        except PortError:
            client.close()
            raise

    def start(self, work: Callable[[], None]) -> None:
        """Begin to play: ``work`` is called in each period, in JACK's thread, and may `write`."""
        self._work = work
        self._client.set_process_callback(self._process)
        self._client.set_shutdown_callback(self._shut_down)
        try:
            self._client.activate()
            if self._target is not None:
                self._client.connect(self._outlet, self._target)
        except self._jack.JackError as error:
            raise PortGone(f"MIDI port {self.name!r} has gone: {error}") from error

    def window_ns(self) -> int:
        """Return where this period ends: what is due before that is to be written now."""
        return int(self._end_ns) - 1

    def sent_ns(self) -> int:
        """Return when the last event of this period goes out."""
        return int(self._start_ns + self._frame * self._frame_ns)

    def write(self, data: bytes, due_ns: int | None = None) -> None:
        """Write one message into this period, at the frame when it is due; without that, after what was written."""
        frame = self._frame if due_ns is None else round((due_ns - self._start_ns) / self._frame_ns)
        self._frame = min(max(frame, self._frame), self._client.blocksize - 1)
        try:
            self._outlet.write_midi_event(self._frame, data)
        except self._jack.JackError as error:
            raise PortError(f"MIDI port {self.name!r} did not take {data.hex(' ')}: {error}") from error

    def is_lost(self) -> bool:
        """Whether the server or the input we are connected to has gone."""
        if self._has_gone or self._target is None:
            return self._has_gone
        return not any(port.name == self._target for port in self._client.get_ports(is_midi=True, is_input=True))

    def close(self) -> None:
        """Give the port back."""
        self._client.deactivate()
        self._client.close()

    def _find(self, wanted: str) -> str:
        names: list[str] = [port.name for port in self._client.get_ports(is_midi=True, is_input=True)]
        return names[choose_port(wanted, names)]

    def _process(self, _: int) -> None:
        now_ns = time.perf_counter_ns()
        self._outlet.clear_buffer()
        periods = (now_ns - self._called_ns) / self._period_ns
        self._called_ns = now_ns
        self._start_ns = self._periods.begin(now_ns)
        if self._skipped < _PATIENCE and (periods > _STALL or (self._skipped and periods < _APART)):
            self._skipped += 1
            return
        self._skipped = 0
        self._frame = 0
        self._end_ns = self._start_ns + self._period_ns
        assert self._work is not None
        self._work()

    def _shut_down(self, *_: object) -> None:
        self._has_gone = True
