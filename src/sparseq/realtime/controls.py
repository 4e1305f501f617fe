"""What a musician may ask for while it plays: asked at any time in any thread, done with the next bar."""

from __future__ import annotations

import enum
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple, Protocol

from sparseq.errors import InputError
from sparseq.realtime.bar import Bar
from sparseq.realtime.lookahead import Word

_UNDO_DEPTH = 100
_SLOWEST_BPM, _FASTEST_BPM = 20.0, 400.0


class Action(enum.Enum):
    """What can be asked for. Everything waits for the next bar but panic, pause, stop and save."""

    REGENERATE = "regenerate"  # let the next bar be another than the one that is made
    FREEZE = "freeze"  # loop the bar that sounds; once more to go on
    UNDO = "undo"  # take the last of all these back
    TEMPO = "tempo"  # so many beats a minute
    MUTE = "mute"  # silence a part; once more to hear it
    SOLO = "solo"  # hear only the parts in solo; once more to let go
    LOCK = "lock"  # for the generator: keep a part as it is
    SET = "set"  # for the generator: give a setting a number
    PANIC = "panic"
    PAUSE = "pause"  # once more to go on
    STOP = "stop"
    SAVE = "save"  # for the caller


class Part(NamedTuple):
    """Notes that belong together: a channel (0-15), and which of its pitches; None for all."""

    channel: int
    pitches: frozenset[int] | None = None

    def holds(self, data: bytes) -> bool:
        """Return whether a message is a note of this part."""
        is_note = len(data) == 3 and data[0] & 0xE0 == 0x80 and data[0] & 0x0F == self.channel
        return is_note and (self.pitches is None or data[1] in self.pitches)


@dataclass(frozen=True, slots=True)
class ControlState:
    """Everything that was asked for and holds."""

    frozen: Bar | None = None
    bpm: float | None = None
    muted: frozenset[str] = frozenset()
    soloed: frozenset[str] = frozenset()
    locked: frozenset[str] = frozenset()
    values: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


class Player(Protocol):
    """What the commands that do not wait are told to; the sequencer."""

    @property
    def is_paused(self) -> bool:
        """Whether it waits."""

    def position(self) -> Position | None:
        """Return where it is."""

    def panic(self) -> None:
        """End all that sounds and play on."""

    def pause(self) -> None:
        """Fall silent and wait."""

    def resume(self) -> None:
        """Go on."""

    def stop(self) -> None:
        """End."""


class Position(Protocol):
    """Where a player is."""

    @property
    def bar(self) -> Bar:
        """The bar that sounds."""


class _Done(NamedTuple):
    """What it takes to undo: the state before, and the bar that was to come."""

    state: ControlState
    wants_another: bool
    displaced: Bar | None = None


Make = Callable[[bool], Bar | Word | Exception]  # returns the bar that is next, or with True another one for its place


class Controls:
    """Takes commands from any thread, and gives the sequencer its bars accordingly.

    Parameters
    ----------
    parts : mapping of str to Part
        What can be muted, soloed and locked, by name.
    on_save : callable, optional
        Called with the number that came with `Action.SAVE`, in the thread that asked.
    """

    def __init__(self, parts: Mapping[str, Part], on_save: Callable[[float], None] | None = None) -> None:
        self._parts = dict(parts)
        self._on_save = on_save
        self._lock = threading.RLock()  # a generator that runs in the thread of the player may ask, too
        self._state = ControlState()
        self._history: deque[_Done] = deque(maxlen=_UNDO_DEPTH)
        self._player: Player | None = None
        self._shaped: deque[tuple[Bar, Bar]] = deque(maxlen=32)  # as played, and as made
        self._wants_another = False
        self._discards = 0
        self._displaced: Bar | None = None  # made, but another was wanted in its place
        self._recalled: Bar | None = None  # to be played next, for another was taken back

    @property
    def discards(self) -> int:
        """How many bars were made and put aside for another; generators may write the next one in the place of each."""
        return self._discards

    @property
    def state(self) -> ControlState:
        """What holds from the next bar on; generators read `values` and `locked` before each bar."""
        return self._state

    @property
    def parts(self) -> Mapping[str, Part]:
        """What can be muted, soloed and locked, by name."""
        return self._parts

    def name_parts(self, parts: Mapping[str, Part]) -> None:
        """Say anew what can be muted, soloed and locked: other loops have other parts."""
        self._parts = dict(parts)

    def attach(self, player: Player) -> None:
        """Name the player that panic, pause and stop go to."""
        self._player = player

    def ask(self, action: Action, target: str = "", number: float = 0.0) -> None:
        """Ask for something; any thread may.

        Parameters
        ----------
        action : Action
            What to do.
        target : str
            The part to mute, solo or lock, or the setting to set.
        number : float
            The tempo in beats a minute, the value of the setting, or the number of bars to save.

        Raises
        ------
        InputError
            If there is no such part, or the tempo is not between 20 and 400.
        """
        if action in (Action.MUTE, Action.SOLO, Action.LOCK) and target not in self._parts:
            raise InputError(f"there is no part {target!r} to {action.value}: there are {', '.join(self._parts)}")
        if action is Action.TEMPO and not _SLOWEST_BPM <= number <= _FASTEST_BPM:
            raise InputError(
                f"the tempo must be {_SLOWEST_BPM:.0f} to {_FASTEST_BPM:.0f} beats a minute, got {number:g}"
            )
        if action in (Action.PANIC, Action.PAUSE, Action.STOP):
            self._tell(action)
        elif action is Action.SAVE:
            if self._on_save is not None:
                self._on_save(number)
        else:
            with self._lock:
                self._change(action, target, number)

    def prepare(self, make: Make) -> None:
        """Put the next bar aside if another is wanted, so that there is time to make it; to be called often."""
        with self._lock:
            if self._wants_another and self._displaced is None and self._state.frozen is None:
                self._displaced = self._discard(make)

    def take(self, make: Make) -> Bar | Word | Exception:
        """Return the bar that is to be played next."""
        with self._lock:
            taken = self._choose(make)
            return self._shape(taken) if isinstance(taken, Bar) else taken

    def _change(self, action: Action, target: str, number: float) -> None:
        if action is Action.UNDO:
            self._undo()
            return
        wants_another = action in (Action.REGENERATE, Action.SET, Action.LOCK)
        self._history.append(_Done(self._state, wants_another))
        self._wants_another |= wants_another
        if action is not Action.REGENERATE:
            self._state = self._changed(action, target, number)

    def _changed(self, action: Action, target: str, number: float) -> ControlState:
        state = self._state
        if action is Action.FREEZE:
            return replace(state, frozen=self._sounding() if state.frozen is None else None)
        if action is Action.TEMPO:
            return replace(state, bpm=number)
        if action is Action.SET:
            return replace(state, values=MappingProxyType({**state.values, target: number}))
        name = {Action.MUTE: "muted", Action.SOLO: "soloed", Action.LOCK: "locked"}[action]
        return replace(state, **{name: getattr(state, name) ^ {target}})

    def _undo(self) -> None:
        if not self._history:
            return
        done = self._history.pop()
        if done.wants_another:
            is_setting = (done.state.values, done.state.locked) != (self._state.values, self._state.locked)
            # What has not come yet need not. What has come gives way to what was to come; but what a setting has
            # changed is made anew, for the bars that wait were made with it.
            self._wants_another = is_setting and done.displaced is not None
            self._recalled = None if is_setting else done.displaced
        self._state = done.state

    def _sounding(self) -> Bar | None:
        """Return the bar that sounds, as it was made; None before anything does."""
        position = self._player.position() if self._player is not None else None
        if position is None:
            return None
        return next((made for played, made in self._shaped if played is position.bar), position.bar)

    def _choose(self, make: Make) -> Bar | Word | Exception:
        """Return the next bar as it was made."""
        if self._state.frozen is not None:
            return self._state.frozen
        if self._recalled is not None:
            recalled, self._recalled = self._recalled, None
            return recalled
        displaced, self._displaced = self._displaced, None
        if not self._wants_another:
            return displaced or make(False)
        displaced = displaced or self._discard(make)
        another = make(True)
        if not isinstance(another, Bar):  # not made in time: what was to come is better than a repeat
            return displaced or another
        self._wants_another = False
        self._remember(displaced)
        return another

    def _discard(self, make: Make) -> Bar | None:
        """Put the next bar aside, if it is there; its maker may go on at once, so it is counted before."""
        self._discards += 1
        taken = make(False)
        if isinstance(taken, Bar):
            return taken
        self._discards -= 1
        if isinstance(taken, Exception):
            raise taken  # nobody would ask for it again
        return None

    def _remember(self, displaced: Bar | None) -> None:
        """Let an undo of the last command that wanted another bar bring the displaced one back."""
        for index in reversed(range(len(self._history))):
            if self._history[index].wants_another:
                self._history[index] = self._history[index]._replace(displaced=displaced)
                return

    def _shape(self, bar: Bar) -> Bar:
        """Return a bar at the tempo that was asked for, without the notes of what is muted."""
        silent = self._silent_parts()
        events = _without(bar.events, silent) if silent else bar.events
        shaped = replace(bar, bpm=self._state.bpm or bar.bpm, events=events)
        self._shaped.append((shaped, bar))
        return shaped

    def _silent_parts(self) -> list[Part]:
        names = self._state.muted | (frozenset(self._parts) - self._state.soloed if self._state.soloed else frozenset())
        return [self._parts[name] for name in names if name in self._parts]

    def _tell(self, action: Action) -> None:
        player = self._player
        if player is None:
            return
        toggle = player.resume if player.is_paused else player.pause
        {Action.PANIC: player.panic, Action.PAUSE: toggle, Action.STOP: player.stop}[action]()


def _without(events: tuple[tuple[int, bytes], ...], silent: list[Part]) -> tuple[tuple[int, bytes], ...]:
    """Return the events without the notes of these parts; the end of a note that began before is kept."""
    kept, dropped = [], Counter[tuple[int, int]]()
    for tick, data in events:
        if any(part.holds(data) for part in silent):
            key, is_on = (data[0] & 0x0F, data[1]), data[0] & 0x10 and data[2]
            if is_on or dropped[key]:
                dropped[key] += 1 if is_on else -1
                continue
        kept.append((tick, data))
    return tuple(kept)
