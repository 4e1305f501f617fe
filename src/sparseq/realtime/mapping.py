"""Which key, knob or pad asks for what: a table that learns from the controller, and a file that keeps it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sparseq.errors import FileError, InputError
from sparseq.realtime.controls import Action

_VERSION = 1
_PRESSED = 64  # from this value on a knob or pedal counts as pressed
_PRESSES = frozenset(Action) - {Action.SET, Action.TEMPO}  # these want no number from a knob


class Request(NamedTuple):
    """What to hand to `Controls.ask`."""

    action: Action
    target: str = ""
    number: float = 0.0


@dataclass(frozen=True, slots=True)
class Binding:
    """What a control asks for.

    Parameters
    ----------
    action : Action
        What to do.
    target : str
        The part or the setting that it is done to.
    low, high : float
        What a knob gives at its ends; a key gives ``high``.

    Raises
    ------
    InputError
        If a setting has no name.
    """

    action: Action
    target: str = ""
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if not self.target and self.action in (Action.SET, Action.MUTE, Action.SOLO, Action.LOCK):
            raise InputError(f"the action {self.action.value!r} needs a target: the part or setting it is meant for")


class ControlMap:
    """Bindings by control.

    A control is "key X" for a key of the keyboard, "cc CHANNEL NUMBER" for a knob or "note CHANNEL PITCH" for a pad,
    with channels from 1 to 16. One thread may feed it while another learns.

    Parameters
    ----------
    bindings : mapping of str to Binding
        What is bound at first.
    """

    def __init__(self, bindings: Mapping[str, Binding] | None = None) -> None:
        self._bindings = dict(bindings or {})
        self._learning: Binding | None = None
        self._values: dict[str, int] = {}  # of each knob that was turned
        self._lock = threading.Lock()

    @property
    def bindings(self) -> dict[str, Binding]:
        """What is bound now."""
        with self._lock:
            return dict(self._bindings)

    @property
    def is_learning(self) -> bool:
        """Whether the next control that moves is bound."""
        return self._learning is not None

    def bind(self, control: str, binding: Binding) -> None:
        """Bind a control; it forgets what it was bound to. Raises InputError if there can be no such control."""
        _check_control(control)
        with self._lock:
            self._bindings[control] = binding

    def unbind(self, control: str) -> None:
        """Let a control do nothing."""
        with self._lock:
            self._bindings.pop(control, None)

    def learn(self, binding: Binding | None) -> None:
        """Bind the next control that moves; None to change one's mind."""
        self._learning = binding

    def key(self, name: str) -> Request | None:
        """Return what a key of the keyboard asks for, if it is bound."""
        return self._press(f"key {name}")

    def midi(self, data: bytes) -> Request | None:
        """Return what a MIDI message asks for, if it is of a control that is bound and has just been moved."""
        if len(data) != 3:
            return None
        kind, channel, number, value = data[0] & 0xF0, (data[0] & 0x0F) + 1, data[1], data[2]
        if kind == 0x90 and value:
            return self._press(f"note {channel} {number}")
        return self._turn(f"cc {channel} {number}", value) if kind == 0xB0 else None

    def _press(self, control: str) -> Request | None:
        with self._lock:
            if self._learns(control):
                return None
            binding = self._bindings.get(control)
        return Request(binding.action, binding.target, binding.high) if binding else None

    def _turn(self, control: str, value: int) -> Request | None:
        with self._lock:
            last, self._values[control] = self._values.get(control, 0), value
            if self._learns(control):
                return None
            binding = self._bindings.get(control)
        if binding is None or (binding.action in _PRESSES and not last < _PRESSED <= value):
            return None
        number = binding.high if binding.action in _PRESSES else _scaled(binding, value)
        return Request(binding.action, binding.target, number)

    def _learns(self, control: str) -> bool:
        binding, self._learning = self._learning, None
        if binding is not None:
            self._bindings[control] = binding
        return binding is not None

    def to_json(self) -> str:
        """Return the table as text."""
        rows = [
            {"control": control, **asdict(binding), "action": binding.action.value}
            for control, binding in sorted(self.bindings.items())
        ]
        return json.dumps({"version": _VERSION, "bindings": rows}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, name: str = "the control map") -> ControlMap:
        """Return the table in a text; raises InputError, naming ``name``, if it is none."""
        try:
            rows = json.loads(text)["bindings"]
            return cls({_check_control(row["control"]): _parse_binding(row) for row in rows})
        except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{name} is not a control map: {_one_line(error)}") from error

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the table to a file, which is never half written.

        Raises
        ------
        FileError
            If it cannot be written.
        """
        beside = Path(f"{os.fspath(path)}.new")
        try:
            beside.write_text(self.to_json(), encoding="utf-8")
            beside.replace(path)
        except OSError as error:
            raise FileError(f"the control map {path} cannot be written: {error.strerror}") from error

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ControlMap:
        """Read a table from a file.

        Raises
        ------
        FileError
            If it cannot be read.
        InputError
            If it is no control map.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise FileError(f"the control map {path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is not a control map: it is not text") from error
        return cls.from_json(text, os.fspath(path))


def _scaled(binding: Binding, value: int) -> float:
    return binding.low + (binding.high - binding.low) * value / 127


def _parse_binding(row: dict[str, Any]) -> Binding:
    low, high = float(row.get("low", 0.0)), float(row.get("high", 1.0))
    return Binding(Action(row["action"]), str(row.get("target", "")), low, high)


def _check_control(control: str) -> str:
    kind, _, rest = control.partition(" ")
    numbers = rest.split(" ")
    is_midi = kind in ("cc", "note") and len(numbers) == 2 and all(number.isdecimal() for number in numbers)
    if (kind == "key" and rest) or (is_midi and 1 <= int(numbers[0]) <= 16 and int(numbers[1]) <= 127):
        return control
    raise InputError(f"a control is 'key X', 'cc CHANNEL NUMBER' or 'note CHANNEL PITCH', got {control!r}")


def _one_line(error: Exception) -> str:
    words = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
    return " ".join(words.split())
