"""What ports are called: which one a person means, and what is said where it is not there."""

from __future__ import annotations

from collections.abc import Sequence

from sparseq.errors import PortError

CLIENT_NAME = "sparseq"


class NoMidiSystem(PortError):
    """No MIDI system answers on this machine; the null port is what remains."""


class PortGone(PortError):
    """A port that was open and is not there any more."""


def choose_port(wanted: str, names: Sequence[str]) -> int:
    """Return which of ``names`` is meant: the exact one, else the only one with ``wanted`` in it in any case.

    Raises
    ------
    PortError
        If none or more than one is meant; the message lists what there is.
    """
    folded = wanted.casefold()
    exact = [index for index, name in enumerate(names) if name == wanted]
    same = [index for index, name in enumerate(names) if name.casefold() == folded]
    partial = [index for index, name in enumerate(names) if folded and folded in name.casefold()]
    for candidates in (exact, same, partial):
        if len({names[index] for index in candidates}) == 1:
            return candidates[0]  # one name in two MIDI systems is the same port twice
        if candidates:
            listed = ", ".join(repr(names[index]) for index in candidates)
            raise PortError(f"MIDI port {wanted!r} could be any of {listed}: give more of the name")
    raise PortError(_unknown_message(wanted, names))


def _unknown_message(wanted: str, names: Sequence[str]) -> str:
    import difflib

    if not names:
        return f"no MIDI port is called {wanted!r}, and there are none to choose from: use 'virtual' or 'null'"
    by_folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(wanted.casefold(), list(by_folded), n=1, cutoff=0.4)
    hint = f"did you mean {by_folded[near[0]]!r}? " if near else ""
    return f"no MIDI port is called {wanted!r}: {hint}there are {', '.join(map(repr, names))}, 'virtual' and 'null'"
