"""An exported loop sounds: a synthesiser that knows nothing of us makes a WAV of it, as long and not silent."""

import shutil
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.device

SOUND_FONTS = (
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/sounds/sf2/default-GM.sf2",
    "/usr/share/soundfonts/default.sf2",
    "/usr/share/soundfonts/FluidR3_GM.sf2",
)
BARS, BPM = 2, 120
LENGTH_S = BARS * 4 * 60 / BPM
TAIL_S = 10  # cymbals ring on
LOUD = 200  # of 32767


@pytest.fixture(scope="module")
def sound_font():
    """Return a General MIDI sound font, where there is a synthesiser to play it."""
    if shutil.which("fluidsynth") is None:
        pytest.skip("fluidsynth is not installed (Debian: apt install fluidsynth)")
    found = [path for path in SOUND_FONTS if Path(path).exists()]
    if not found:
        pytest.skip("no General MIDI sound font is installed (Debian: apt install fluid-soundfont-gm)")
    return found[0]


def test_an_exported_loop_sounds_from_its_start_to_its_end(tmp_path, sound_font):
    loop, sound = tmp_path / "loop.mid", tmp_path / "loop.wav"
    export = [sys.executable, "-m", "sparseq.cli.main", "export", "--loops", "rock", "--bars", str(BARS), "-q"]
    subprocess.run([*export, "--bpm", str(BPM), "--seed", "1", "-o", str(loop)], check=True, timeout=60)
    render = ["fluidsynth", "-n", "-i", "-q", "-r", "22050", "-F", str(sound), sound_font, str(loop)]
    subprocess.run(render, check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with wave.open(str(sound)) as rendered:
        rate, channels = rendered.getframerate(), rendered.getnchannels()
        levels = np.abs(np.frombuffer(rendered.readframes(rendered.getnframes()), np.int16).astype(int))
    assert LENGTH_S <= len(levels) / channels / rate <= LENGTH_S + TAIL_S
    bars = np.array_split(levels[: int(LENGTH_S * rate) * channels], BARS)
    assert all(bar.max() > LOUD for bar in bars)
