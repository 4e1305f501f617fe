"""Other people's programs open what `sparseq fill` writes: a synthesiser plays it, a notation program shows it."""

import os
import shutil
import subprocess
import sys
import wave
from xml.etree import ElementTree

import numpy as np
import pytest

pytestmark = pytest.mark.device

MUSESCORES = ("musescore3", "mscore3", "musescore", "mscore")
PPQ, BARS, HOLE = 480, 4, 3
BAR_S = 2.0  # at 120 bpm
LOUD = 200  # of 32767


def chunk(name, body):
    return name + len(body).to_bytes(4, "big") + body


def drum_track():
    """Kick, snare and hats in all bars but the third, in running status behind a volume and a text in no encoding."""
    eighths = [tick for tick in range(0, BARS * 4 * PPQ, PPQ // 2) if tick // (4 * PPQ) != HOLE - 1]
    hits = [(tick, pitch) for tick in eighths for pitch in (42, 36 if tick % 960 == 0 else 38)]
    events = sorted([(tick, pitch, 90) for tick, pitch in hits] + [(tick + 60, pitch, 0) for tick, pitch in hits])
    body, now = bytearray(b"\x00\xff\x03\x05Drums\x00\xff\x01\x03\xff\xfe\x41\x00\xb9\x07\x64"), 0
    for number, (tick, pitch, velocity) in enumerate(events):
        gap, now = tick - now, tick
        body += bytes([gap >> 7 | 0x80, gap & 0x7F] if gap > 0x7F else [gap])
        body += bytes([pitch, velocity] if number else [0x99, pitch, velocity])
    return bytes(body + b"\x00\xff\x2f\x00")


def piano_track():
    """A chord in each bar but the third, and a pitch bend."""
    body = bytearray(b"\x00\xff\x03\x05Piano")
    gap = b"\x00"
    for bar in range(BARS):
        if bar == HOLE - 1:
            gap = b"\x8f\x00"  # 4 * PPQ ticks
            continue
        body += gap + b"\x90\x3c\x50\x00\x40\x50\x00\x43\x50"
        body += b"\x8e\x70\x3c\x00\x00\x40\x00\x00\x43\x00"  # 16 ticks before the bar's end
        gap = b"\x10"
    return bytes(body + b"\x10\xe0\x00\x40\x00\xff\x2f\x00")


@pytest.fixture(scope="module")
def repaired(tmp_path_factory):
    """Return a repaired file: tempo and meter, piano and drums with their third bar filled."""
    folder = tmp_path_factory.mktemp("clients")
    head = chunk(b"MThd", bytes((0, 1, 0, 3)) + PPQ.to_bytes(2, "big"))
    tempo = b"\x00\xff\x51\x03\x07\xa1\x20\x00\xff\x58\x04\x04\x02\x18\x08\x00\xff\x2f\x00"
    tracks = [chunk(b"MTrk", body) for body in (tempo, piano_track(), drum_track())]
    source, out = folder / "in.mid", folder / "out.mid"
    source.write_bytes(head + b"".join(tracks))
    fill = [sys.executable, "-m", "sparseq.cli.main", "fill", str(source), "--bars", str(HOLE), "--greedy", "-q"]
    subprocess.run([*fill, "-o", str(out)], check=True, timeout=60)
    return out


@pytest.fixture(scope="module")
def musescore():
    """Return the name of MuseScore's program."""
    found = [name for name in MUSESCORES if shutil.which(name)]
    if not found:
        pytest.skip("MuseScore is not installed (Debian: apt install musescore3)")
    return found[0]


def test_fluidsynth_plays_every_bar_of_a_repaired_file(repaired, tmp_path, sound_font):
    sound = tmp_path / "out.wav"
    render = ["fluidsynth", "-n", "-i", "-q", "-r", "22050", "-F", str(sound), sound_font, str(repaired)]
    subprocess.run(render, check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with wave.open(str(sound)) as rendered:
        per_bar = int(BAR_S * rendered.getframerate()) * rendered.getnchannels()
        levels = np.abs(np.frombuffer(rendered.readframes(rendered.getnframes()), np.int16).astype(int))
    assert [levels[bar * per_bar : (bar + 1) * per_bar].max() > LOUD for bar in range(BARS)] == [True] * BARS


def test_musescore_imports_a_repaired_file_and_shows_notes_in_the_filled_bar(repaired, tmp_path, musescore):
    xml = tmp_path / "out.musicxml"
    home = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    command = [musescore, "-o", str(xml), str(repaired)]
    done = subprocess.run(command, env={**os.environ, **home}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-500:]
    parts = ElementTree.parse(xml).getroot().findall("part")
    drums = next(part for part in parts if part.find(".//unpitched") is not None)
    bars = drums.findall("measure")
    assert len(bars) >= BARS
    assert all(bar.find(".//unpitched") is not None for bar in bars[:BARS])
    piano = next(part for part in parts if part.find(".//pitch") is not None)
    assert all(bar.find(".//pitch") is not None for bar in piano.findall("measure")[:BARS])
