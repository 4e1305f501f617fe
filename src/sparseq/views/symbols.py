"""The signs and colours of the text grid: one table for terminals that know Unicode, one for those that do not."""

from typing import NamedTuple

ACCENT_FROM_VELOCITY = 112  # forte and louder, as most drum editors draw it
NORMAL_FROM_VELOCITY = 48  # below are ghost notes: felt more than heard


class Symbols(NamedTuple):
    """One character each."""

    rest: str
    ghost: str
    normal: str
    accent: str
    masked: str
    playhead: str


UNICODE = Symbols(rest="·", ghost="○", normal="●", accent="◉", masked="░", playhead="▼")
ASCII = Symbols(rest=".", ghost="o", normal="x", accent="X", masked=":", playhead="v")

# SGR parameters by role; a role that is missing here is printed plainly.
COLOURS = {
    "rest": "2",
    "ghost": "36",
    "normal": "1",
    "accent": "1;33",
    "masked": "35",
    "line": "2",
    "number": "1",
    "beat": "2",
    "playhead": "1;32",
}


def symbols(unicode: bool) -> Symbols:
    """Return the set of signs to draw with."""
    return UNICODE if unicode else ASCII


def role_of(velocity: int) -> str:
    """Return the role ("ghost", "normal" or "accent") of a hit of this velocity, 1..127."""
    if velocity >= ACCENT_FROM_VELOCITY:
        return "accent"
    return "normal" if velocity >= NORMAL_FROM_VELOCITY else "ghost"


def paint(text: str, role: str, colour: bool, *, reverse: bool = False) -> str:
    """Return the text in the colour of its role.

    Parameters
    ----------
    text : str
        What to print.
    role : str
        A key of `COLOURS`, or anything else for plain text.
    colour : bool
        Whether colour codes are wanted at all.
    reverse : bool
        Swap foreground and background: under the playhead.
    """
    codes = [code for code in (COLOURS.get(role), "7" if reverse else None) if code]
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if colour and codes and text.strip() else text
