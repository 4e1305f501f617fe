"""A picture as SVG: plain rectangles and texts that every browser and drawing program reads."""

from html import escape

from sparseq.views.picture_scene import Box, Colour, Scene, Words

_FONT_SIZE = 10  # letters of about 7 pixels height above the base line
_BASE = 7


def svg_bytes(scene: Scene) -> bytes:
    """Return a scene as an SVG file; the same bytes for the same scene."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{scene.width}" height="{scene.height}"'
        f' viewBox="0 0 {scene.width} {scene.height}" font-family="Menlo, Consolas, monospace"'
        f' font-size="{_FONT_SIZE}">'
    )
    lines = [head, f"<title>{_text(scene.title)}</title>"]
    lines += [_box(item) if isinstance(item, Box) else _words(item) for item in scene.items]
    return ("\n".join([*lines, "</svg>"]) + "\n").encode()


def _box(box: Box) -> str:
    place = f'x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}"'
    return f'<rect {place} fill="{_hex(box.fill)}"/>'


def _words(words: Words) -> str:
    return f'<text x="{words.x}" y="{words.y + _BASE}" fill="{_hex(words.fill)}">{_text(words.text)}</text>'


def _text(text: str) -> str:
    """Return a text as XML can hold it: control characters are not allowed even when escaped."""
    return escape("".join(char if char.isprintable() else "?" for char in text))


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()
