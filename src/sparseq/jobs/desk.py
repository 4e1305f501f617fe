"""The desk: keys of a keyboard and knobs of a controller, and what they do to a performance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from sparseq.errors import SparseqError
from sparseq.jobs.play import NEXT_SET, Performance
from sparseq.realtime.controls import Action
from sparseq.realtime.mapping import Binding, ControlMap, Request


class Dial(NamedTuple):
    """A setting that keys turn from ``low`` to ``high`` by ``step``; a ratio by the factor 1 + ``step``.

    ``start`` is what it counts as while it is not set.
    """

    low: float
    high: float
    step: float
    start: float
    is_ratio: bool = False

    def turned(self, value: float, way: int) -> float:
        """Return the value one step up (1) or down (-1)."""
        moved = value * (1 + self.step) ** way if self.is_ratio else value + way * self.step
        return round(min(max(moved, self.low), self.high), 3)


DIALS: Mapping[str, Dial] = MappingProxyType(
    {
        "temperature": Dial(0.2, 4.0, 0.1, 1.0, is_ratio=True),
        "density": Dial(-1.0, 1.0, 0.1, 0.0),
        "swing": Dial(50.0, 75.0, 1.0, 50.0),
        "feel": Dial(0.0, 2.0, 0.1, 1.0),
    }
)
TEMPO = Dial(20.0, 400.0, 1.0, 120.0)
TEMPO_KNOB = (60.0, 180.0)  # what a knob that has learnt the tempo goes from and to

TURNS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        "t": ("temperature", -1),
        "T": ("temperature", 1),
        "d": ("density", -1),
        "D": ("density", 1),
        "w": ("swing", -1),
        "W": ("swing", 1),
        "g": ("feel", -1),
        "G": ("feel", 1),
    }
)
TEMPO_KEYS: Mapping[str, int] = MappingProxyType({"-": -1, "+": 1, "=": 1, "_": -1})
PRESSES: Mapping[str, Action] = MappingProxyType(
    {
        "r": Action.REGENERATE,
        "f": Action.FREEZE,
        "u": Action.UNDO,
        "p": Action.PANIC,
        " ": Action.PAUSE,
        "s": Action.SAVE,
        "q": Action.STOP,
    }
)
PART_KEYS: Mapping[str, Action] = MappingProxyType({"m": Action.MUTE, "o": Action.SOLO, "l": Action.LOCK})
HELP = (
    "t/T temperature",
    "d/D density",
    "w/W swing",
    "g/G feel",
    "-/+ tempo",
    "arrows part",
    "m mute",
    "o solo",
    "l lock",
    "r redo",
    "f freeze",
    "u undo",
    "n next loops",
    "s save",
    "x learn",
    "p panic",
    "space pause",
    "q quit",
)


class Desk:
    """Turns keys and MIDI messages into requests; what holds from the next bar on, and how it stands.

    Parameters
    ----------
    performance : Performance
        What is played.
    table : ControlMap
        What knobs, pads and keys are bound to beside the keys that are always there.
    say : callable
        Called with one line for a person; any thread may be the one.
    keep_table : callable
        Called with the table after it has learnt something.
    last_bars : int
        So many bars are saved by a key.
    set_tempo : callable, optional
        Where the tempo is not ours: asks the others for one, in beats a minute.
    has_master : bool
        Whether somebody else's tempo is followed.
    """

    def __init__(
        self,
        performance: Performance,
        table: ControlMap,
        say: Callable[[str], None],
        keep_table: Callable[[ControlMap], None],
        *,
        last_bars: int = 8,
        set_tempo: Callable[[float], None] | None = None,
        has_master: bool = False,
    ) -> None:
        self._performance, self._table, self._say, self._keep_table = performance, table, say, keep_table
        self._last_bars, self._set_tempo, self._has_master = last_bars, set_tempo, has_master
        self._controls = performance.controls
        self._chosen = ""
        self._is_teaching = False  # the next key says what is to be learnt
        self.shows_help = False

    @property
    def chosen(self) -> str:
        """The part or lane that mute, solo and lock are about."""
        parts = list(self._controls.parts)
        return self._chosen if self._chosen in parts else (parts[0] if parts else "")

    def key(self, name: str) -> None:
        """Do what a key says."""
        if self._is_teaching:
            self._teach(name)
        elif (request := self._table.key(name)) is not None:
            self._do(request)
        elif name == "?":
            self.shows_help = not self.shows_help
        elif name == "x":
            self._is_teaching = True
            self._say(
                "learn: press the key of what a knob or pad shall do (t d w g + m o l r f u n s p space); x to stop"
            )
        elif name in ("up", "down", "left", "right"):
            self._choose(-1 if name in ("up", "left") else 1)
        elif (request := self._request(name)) is not None:
            self._do(request)

    def midi(self, time_s: float, data: bytes) -> None:
        """Do what a knob or pad says, or learn it; any thread may tell."""
        was_learning = self._table.is_learning
        request = self._table.midi(data)
        if was_learning and not self._table.is_learning:
            self._keep_table(self._table)
        elif request is not None:
            self._do(self._next_set() if request.target == NEXT_SET else request)

    def help(self) -> tuple[str, ...]:
        """Return what the keys do, a few words each."""
        return HELP

    def words(self) -> list[str]:
        """Return how everything stands, a few words each."""
        state = self._controls.state
        words = [f"{self._performance.bpm:.1f} bpm"]
        words += ["paused"] if self._performance.sequencer.is_paused else []
        words += [f"{name} {_told(name, self._value(name))}" for name in DIALS if self._is_told(name)]
        words += ["frozen"] if state.frozen is not None else []
        for name, parts in (("muted", state.muted), ("solo", state.soloed), ("locked", state.locked)):
            words += [f"{name}: {' '.join(sorted(parts))}"] if parts else []
        return [*words, f"[{self.chosen}]"]

    def _request(self, name: str) -> Request | None:
        """Return what a key asks for that is always there."""
        if name in TURNS:
            setting, way = TURNS[name]
            return Request(Action.SET, setting, DIALS[setting].turned(self._value(setting), way))
        if name in TEMPO_KEYS:
            return Request(Action.TEMPO, "", TEMPO.turned(round(self._performance.bpm), TEMPO_KEYS[name]))
        if name in PART_KEYS:
            return Request(PART_KEYS[name], self.chosen)
        if name == "n":
            return self._next_set()
        return Request(PRESSES[name], "", self._last_bars) if name in PRESSES else None

    def _next_set(self) -> Request:
        return Request(Action.SET, NEXT_SET, self._controls.state.values.get(NEXT_SET, 0) + 1)

    def _do(self, request: Request) -> None:
        """Ask for it; what cannot be is said and not done."""
        try:
            if request.action is Action.TEMPO and self._has_master:
                self._ask_others(request.number)
            elif request.action is Action.SAVE:
                self._controls.ask(Action.SAVE, "", self._last_bars)
            else:
                self._controls.ask(*request)
        except SparseqError as error:
            self._say(str(error))

    def _ask_others(self, bpm: float) -> None:
        if self._set_tempo is None:
            self._say("the tempo is that of the clock we follow: change it there")
        else:
            self._set_tempo(bpm)

    def _choose(self, way: int) -> None:
        parts = list(self._controls.parts)
        if parts:
            self._chosen = parts[(parts.index(self.chosen) + way) % len(parts)]

    def _teach(self, name: str) -> None:
        """Let the next knob or pad that moves do what a key does."""
        self._is_teaching = False
        binding = self._binding(name)
        self._table.learn(binding)
        if binding is None:
            self._say("nothing learnt")
        else:
            what = f"{binding.action.value} {binding.target}".strip()
            self._say(f"learn: now turn the knob or press the pad for {what}")

    def _binding(self, name: str) -> Binding | None:
        if name in TURNS:
            setting, _ = TURNS[name]
            return Binding(Action.SET, setting, DIALS[setting].low, DIALS[setting].high)
        if name in TEMPO_KEYS:
            return Binding(Action.TEMPO, "", *TEMPO_KNOB)
        if name in PART_KEYS:
            return Binding(PART_KEYS[name], self.chosen)
        if name == "n":
            return Binding(Action.SET, NEXT_SET)
        return Binding(PRESSES[name]) if name in PRESSES else None

    def _value(self, setting: str) -> float:
        """Return how a dial stands."""
        asked = self._controls.state.values.get(setting)
        if asked is None:
            asked = getattr(self._performance.stream.settings, setting)
        return DIALS[setting].start if asked is None else float(asked)

    def _is_told(self, setting: str) -> bool:
        return setting == "temperature" or self._value(setting) != DIALS[setting].start


def _told(setting: str, value: float) -> str:
    return {"density": f"{value:+.1f}", "swing": f"{value:.0f} %"}.get(setting, f"{value:.2f}")
