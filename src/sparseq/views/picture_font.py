"""The letters of PNG pictures: five by seven dots each, drawn for this project; SVG pictures use the viewer's fonts."""

from collections.abc import Mapping
from types import MappingProxyType

WIDTH, HEIGHT = 5, 7
ADVANCE = WIDTH + 1

# Seven rows from the top, two hexadecimal digits each; the lowest five bits are the dots, left to right.
_GLYPHS: Mapping[str, str] = MappingProxyType(
    {
        " ": "00000000000000",
        "A": "0e11111f111111",
        "B": "1e11111e11111e",
        "C": "0e11101010110e",
        "D": "1c12111111121c",
        "E": "1f10101e10101f",
        "F": "1f10101e101010",
        "G": "0e11101713110f",
        "H": "1111111f111111",
        "I": "0e04040404040e",
        "J": "0702020202120c",
        "K": "11121418141211",
        "L": "1010101010101f",
        "M": "111b1515111111",
        "N": "11191513111111",
        "O": "0e11111111110e",
        "P": "1e11111e101010",
        "Q": "0e11111115120d",
        "R": "1e11111e141211",
        "S": "0f10100e01011e",
        "T": "1f040404040404",
        "U": "1111111111110e",
        "V": "11111111110a04",
        "W": "1111111515150a",
        "X": "11110a040a1111",
        "Y": "11110a04040404",
        "Z": "1f01020408101f",
        "a": "00000e010f110f",
        "b": "10101e1111111e",
        "c": "00000e1010110e",
        "d": "01010f1111110f",
        "e": "00000e111f100e",
        "f": "0609081c080808",
        "g": "00000f110f010e",
        "h": "10101e11111111",
        "i": "04000c0404040e",
        "j": "0200060202120c",
        "k": "10101214181412",
        "l": "0c04040404040e",
        "m": "00001a15151511",
        "n": "00001e11111111",
        "o": "00000e1111110e",
        "p": "00001e111e1010",
        "q": "00000f110f0101",
        "r": "00001619101010",
        "s": "00000f100e011e",
        "t": "08081c08080906",
        "u": "0000111111130d",
        "v": "00001111110a04",
        "w": "0000111115150a",
        "x": "0000110a040a11",
        "y": "000011110f010e",
        "z": "00001f0204081f",
        "0": "0e11131519110e",
        "1": "040c040404040e",
        "2": "0e11010204081f",
        "3": "1f02040201110e",
        "4": "02060a121f0202",
        "5": "1f101e0101110e",
        "6": "0608101e11110e",
        "7": "1f010204080808",
        "8": "0e11110e11110e",
        "9": "0e11110f01020c",
        "#": "0a0a1f0a1f0a0a",
        "-": "0000001f000000",
        "_": "0000000000001f",
        ".": "00000000000c0c",
        ",": "000000000c0408",
        ":": "000c0c000c0c00",
        "/": "01010204081010",
        "+": "0004041f040400",
        "%": "18190204081303",
        "(": "02040808080402",
        ")": "08040202020408",
        "'": "04040800000000",
        "&": "0c12140815120d",
        "|": "04040404040404",
        "=": "00001f001f0000",
        "?": "0e110102040004",
    }
)


def dots(char: str) -> tuple[str, ...]:
    """Return the seven rows of a letter as text of five signs, "#" for a dot; "?" for a letter that is not there."""
    glyph = bytes.fromhex(_GLYPHS.get(char, _GLYPHS["?"]))
    return tuple(f"{row:05b}".replace("1", "#").replace("0", ".") for row in glyph)


def text_width(text: str) -> int:
    """Return the dots that a text takes, without the gap behind its last letter."""
    return max(ADVANCE * len(text) - 1, 0)
