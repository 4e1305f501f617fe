"""Pictures of grids: what is drawn, and the files that it becomes."""

import io
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pytest

from sparseq.errors import InputError
from sparseq.music.chords import lay_out, parse_chords
from sparseq.music.grid import DrumGrid, GridBar, Hit
from sparseq.music.partgrid import encode_piece
from sparseq.music.parts import split_parts
from sparseq.music.piece import make_piece
from sparseq.music.score import Note, Score
from sparseq.views.picture import MASK, SOURCE_COLOURS, draw_drums, draw_parts, picture_bytes
from sparseq.views.picture_font import ADVANCE, HEIGHT, WIDTH, dots, text_width
from sparseq.views.picture_panels import PART_COLOURS
from sparseq.views.picture_png import paint_scene, png_bytes
from sparseq.views.picture_scene import Box, Colour, Scene, Words
from sparseq.views.picture_svg import svg_bytes
from sparseq.views.roll import Sources

RED, BLACK = Colour(255, 0, 0), Colour(0, 0, 0)


def drums(n_bars=2):
    hits = {(0, 0): (Hit(36, 127, 0, 100),), (4, 1): (Hit(38, 127, 60, 100),)}
    bars = tuple(GridBar(number + 1, 16 * number, 16, 4, 4) for number in range(n_bars))
    return DrumGrid(np.zeros((16 * n_bars, 2), np.uint8), ("kick", "snare"), hits, 4, bars)


def combo():
    notes = [Note(0, 60, 36, 100, 9, 0), Note(0, 480, 36, 90, 1, 1), Note(960, 960, 72, 127, 2, 2)]
    score = Score(960, tuple(notes), ((0, 500_000),), ((0, 4, 4),), 3840, ("", "Bass", "Lead"))
    return encode_piece(make_piece(score, split_parts(score), steps_per_beat=4))


def words(scene):
    return [item.text for item in scene.items if isinstance(item, Words)]


def boxes(scene, fill):
    return [item for item in scene.items if isinstance(item, Box) and item.fill == fill]


def test_bars_are_numbered_and_lanes_named_from_the_top():
    drawn = words(draw_drums(drums(), title="Two bars"))
    assert drawn[0] == "Two bars"
    assert [word for word in drawn if word.isdigit()] == ["1", "2"]
    assert [word for word in drawn if word in ("kick", "snare")] == ["snare", "kick"]


def test_a_stroke_is_drawn_where_it_sounds_and_not_where_its_step_is():
    kick, snare = sorted(boxes(draw_drums(drums()), PART_COLOURS["drums"]))
    assert snare.x - kick.x == round(4.25 * 14)
    assert snare.y < kick.y


def test_long_pieces_go_on_in_the_next_line_and_chosen_bars_stand_alone():
    whole = draw_drums(drums(9))
    assert whole.height > 2 * draw_drums(drums(4)).height
    assert whole.width == draw_drums(drums(4)).width
    chosen = draw_drums(drums(9), bars=[2, 7])
    assert [word for word in words(chosen) if word.isdigit()] == ["2", "7"]
    with pytest.raises(InputError, match="wanted bar 10"):
        draw_drums(drums(9), bars=[10])


def test_masked_cells_are_shaded_lane_by_lane():
    mask = np.zeros((32, 2), bool)
    mask[16:20, 1] = True
    shaded = boxes(draw_drums(drums(), mask=mask), MASK)
    assert len(shaded) == 4
    assert len({box.y for box in shaded}) == 1


def test_sources_have_a_colour_on_the_note_and_a_name_below():
    drawn = draw_drums(drums(), sources=Sources(("a", "b"), {(4, 1): 1}))
    on_note, in_legend = sorted(boxes(drawn, SOURCE_COLOURS[1]), key=lambda box: box.y)
    assert on_note.width < 14
    assert words(drawn)[-1] == "b"
    assert in_legend.y > on_note.y


def test_parts_stand_below_one_another_with_chords_above():
    grid = combo()
    drawn = draw_parts(grid, chords_t=lay_out(parse_chords("Cm7"), grid.bars))
    told = words(drawn)
    assert [word for word in told if word in ("lead", "bass", "drums")] == ["lead", "bass", "drums"]
    assert told.count("Cm7") == 1
    assert {"C5", "C2"} <= set(told)
    assert words(draw_parts(grid, parts=["bass"])).count("lead") == 0


def test_masked_steps_of_a_roll_are_shaded_from_top_to_bottom():
    grid = combo()
    mask = np.zeros(grid.tokens_tl.shape, bool)
    mask[3, grid.indices(part="bass")] = True
    (shaded,) = boxes(draw_parts(grid, mask=mask), MASK)
    assert shaded.height > 12 * 8 - 1


def test_a_louder_note_is_darker():
    hits = {(0, 0): (Hit(36, 127, 0, 100),), (4, 0): (Hit(36, 40, 0, 100),)}
    grid = DrumGrid(np.zeros((16, 1), np.uint8), ("kick",), hits, 4, (GridBar(1, 0, 16, 4, 4),))
    fills = [item.fill for item in draw_drums(grid).items if isinstance(item, Box) and item.height == 11]
    assert sum(fills[0]) < sum(fills[1])


def test_a_picture_too_large_to_draw_is_refused():
    with pytest.raises(InputError, match="show fewer bars"):
        Scene(100_000, 100_000, ())


SCENE = Scene(40, 20, (Box(2, 3, 5, 4, RED), Words(10, 5, "A<b>&\x1b", BLACK)), "T & t")


def test_svg_is_sound_xml_with_the_boxes_and_words():
    root = ET.fromstring(svg_bytes(SCENE))
    space = {"svg": "http://www.w3.org/2000/svg"}
    assert root.find("svg:title", space).text == "T & t"
    assert root.find("svg:rect", space).attrib == {"x": "2", "y": "3", "width": "5", "height": "4", "fill": "#ff0000"}
    assert root.find("svg:text", space).text == "A<b>&?"
    assert (root.attrib["width"], root.attrib["height"]) == ("40", "20")


def unpacked(png):
    """Width, height and pixels of a PNG of one data chunk without filters."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    place, chunks = 8, {}
    while place < len(png):
        size, name = int.from_bytes(png[place : place + 4], "big"), png[place + 4 : place + 8]
        data = png[place + 8 : place + 8 + size]
        assert zlib.crc32(name + data) == int.from_bytes(png[place + 8 + size : place + 12 + size], "big")
        chunks[name] = data
        place += 12 + size
    width, height = (int.from_bytes(chunks[b"IHDR"][k : k + 4], "big") for k in (0, 4))
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_png_is_the_painted_scene_at_every_scale(scale):
    pixels = unpacked(png_bytes(SCENE, scale))
    assert pixels.shape == (20 * scale, 40 * scale, 3)
    assert (pixels[::scale, ::scale] == paint_scene(SCENE)).all()


def test_png_opens_in_an_imaging_library_where_there_is_one():
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    with image.open(io.BytesIO(png_bytes(SCENE, 1))) as opened:
        assert (np.asarray(opened.convert("RGB")) == paint_scene(SCENE)).all()


def test_boxes_and_words_are_cut_off_at_the_edge():
    outside = Scene(
        10, 10, (Box(-3, -3, 5, 5, RED), Box(8, 8, 9, 9, RED), Words(7, 6, "W", BLACK), Words(50, 50, "W", RED))
    )
    pixels = paint_scene(outside)
    assert (pixels == RED).all(2).sum() == 4 + 4 - (pixels[8:, 8:] == BLACK).all(2).sum()


def test_letters_are_five_by_seven_and_no_two_alike():
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789#-_.,:/+%()'&|=?"
    assert all(len(dots(sign)) == HEIGHT and all(len(row) == WIDTH for row in dots(sign)) for sign in signs)
    assert len({dots(sign) for sign in signs}) == len(signs)
    assert dots("ß") == dots("?")
    assert text_width("ab") == 2 * ADVANCE - 1
    assert text_width("") == 0


def test_the_name_decides_on_the_kind_of_file():
    assert picture_bytes(SCENE, "a.PNG") == png_bytes(SCENE)
    assert picture_bytes(SCENE, "a.b.svg") == svg_bytes(SCENE)
    with pytest.raises(InputError, match=r"\.png or \.svg"):
        picture_bytes(SCENE, "a.jpg")


def test_same_grid_same_bytes():
    grid = combo()
    assert svg_bytes(draw_parts(grid)) == svg_bytes(draw_parts(grid))
    assert png_bytes(draw_parts(grid)) == png_bytes(draw_parts(grid))
