"""What an open MIDI device can do, whatever system it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable


class Device(Protocol):
    """An open device: what is written goes out at once."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    def write(self, data: bytes, due_ns: int | None = None) -> None:
        """Send one complete message now; it was due at ``due_ns``."""

    def is_lost(self) -> bool:
        """Return whether the device has gone; this may take a millisecond."""

    def close(self) -> None:
        """Give the device back."""


@runtime_checkable
class AheadDevice(Device, Protocol):
    """A device that asks for what is due in its next period, and sends each message at its moment in there."""

    def start(self, work: Callable[[], None]) -> None:
        """Begin: ``work`` is called for each period in a thread of the device's, and may write."""

    def window_ns(self) -> int:
        """Return the end of this period: what is due before that is to be written now."""

    def sent_ns(self) -> int:
        """Return when the message that was written last goes out."""


class InputDevice(Protocol):
    """An open input."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    def start(self, hear: Callable[[int, bytes], None]) -> None:
        """Begin to listen: ``hear`` is called with (time of arrival in ns, message) in a thread of the device's."""

    def is_lost(self) -> bool:
        """Return whether the device has gone; this may take a millisecond."""

    def close(self) -> None:
        """Give the device back."""
