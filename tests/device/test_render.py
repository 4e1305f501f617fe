"""An exported loop sounds: a synthesiser that knows nothing of us makes a WAV of it, as long and not silent."""

import subprocess
import sys
import wave

import numpy as np
import pytest

pytestmark = pytest.mark.device

BARS, BPM = 2, 120
LENGTH_S = BARS * 4 * 60 / BPM
TAIL_S = 10  # cymbals ring on
LOUD = 200  # of 32767


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
