"""Minutes of music beside a busy machine: how far from the grid it arrives, what is missing, what sounds on.

Run by hand, `pytest -m soak tests/device -s`; the README says what came of it.
"""

import subprocess
import sys
from contextlib import contextmanager
from statistics import median

import pytest

pytestmark = [pytest.mark.device, pytest.mark.soak, pytest.mark.usefixtures("server")]

PLAY = [
    sys.executable,
    "-m",
    "sparseq.cli.main",
    "play",
    "--loops",
    "funk",
    "--seed",
    "4",
    "--feel",
    "0",
    "--swing",
    "50",
]
GOALS_MS = {"jack:": (0.15, 1.1), "rtmidi:virtual": (1.0, 5.0)}  # p99, max


@contextmanager
def both_cores_busy():
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: sum(range(10_000))"]) for _ in range(2)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def performed(capture, port, bpm, bars, beside=lambda: None):
    """Return what arrived of a performance beside two processes that take all they get, and the server's xruns."""
    listener = capture("^sparseq:")
    command = [*PLAY, "--port", port, "--clock", "--bpm", str(bpm), "--bars", str(bars), "--quiet"]
    with both_cores_busy(), subprocess.Popen(command, stdin=subprocess.DEVNULL) as playing:
        listener.wait_for("connected")
        beside()
        while listener.hear()[1] != b"\xfc":
            continue
        assert playing.wait(30) == 0
    return listener.end()


def deviations_ms(times_s, step_s):
    """Return how far events are from a grid whose phase is the middle one of all, sorted."""
    first_s = times_s[0]
    offsets_s = [time_s - first_s - round((time_s - first_s) / step_s) * step_s for time_s in times_s]
    middle_s = median(offsets_s)
    return sorted(abs(offset_s - middle_s) * 1e3 for offset_s in offsets_s)


def drift_ppm(times_s, step_s):
    """Return how much slower than nominal the middle of the last tenth is than that of the first, in 1e-6."""
    tenth = len(times_s) // 10
    offsets_s = [time_s - times_s[0] - round((time_s - times_s[0]) / step_s) * step_s for time_s in times_s]
    return 1e6 * (median(offsets_s[-tenth:]) - median(offsets_s[:tenth])) / (0.9 * (times_s[-1] - times_s[0]))


def clock_of(events):
    return [at_s for at_s, data in events if data == b"\xf8"]


def missing(times_s, step_s):
    """Return how many events of a grid are missing; less than 0 if some came twice: a server that stalls does both."""
    return round((times_s[-1] - times_s[0]) / step_s) + 1 - len(times_s)


def struck(events):
    return [at_s for at_s, data in events if data[0] & 0xF0 == 0x90 and data[2]]


def sounding(events):
    held = set()
    for _, data in events:
        if data[0] & 0xE0 == 0x80:
            is_on = data[0] & 0x10 and data[2]
            (held.add if is_on else held.discard)((data[0] & 0x0F, data[1]))
    return held


def told(capsys, what, off_ms, xruns, more=""):
    p50, p95, p99 = (off_ms[int(share * (len(off_ms) - 1))] for share in (0.5, 0.95, 0.99))
    with capsys.disabled():
        print(
            f"\n{what}: n {len(off_ms)}, p50 {p50:.2f}, p95 {p95:.2f}, p99 {p99:.2f}, max {off_ms[-1]:.2f} ms", end=""
        )
        print(f"; {xruns} xruns{more}")
    return p99


@pytest.mark.parametrize("port", GOALS_MS)
def test_a_minute_of_sixteenths_and_clock_is_in_time(capture, capsys, port):
    events, xruns = performed(capture, port, 120, 30)
    p99_ms = told(capsys, f"{port} notes", deviations_ms(struck(events), 0.125), xruns)
    told(capsys, f"{port} clock", deviations_ms(clock_of(events), 0.5 / 24), xruns)
    assert p99_ms <= GOALS_MS[port][0]
    assert sounding(events) == set()


def test_ten_minutes_lose_no_time_and_leave_nothing_sounding(capture, player, capsys):
    """What a stall of the server swallows is no fault of ours: one that sends at once plays beside us."""
    floor = {}

    def beside():
        floor["player"], floor["capture"] = player("rtmidi:virtual", 300), capture("^sparseq-01:")
        floor["capture"].wait_for("connected")
        floor["player"].tell("go")

    events, xruns = performed(capture, "virtual", 180, 450, beside)
    floor["player"].popen.terminate()
    floor["player"].end()
    ours, beside_us = clock_of(events), clock_of(floor["capture"].end()[0])
    lost, floor_lost = missing(ours, 60 / 180 / 24), missing(beside_us, 0.5 / 24)
    ppm = drift_ppm(ours, 60 / 180 / 24)
    more = f"; drift {ppm:.2f} ppm; {lost} of {450 * 96} pulses lost, {floor_lost} of {len(beside_us)} beside it"
    told(capsys, "ten minutes", deviations_ms(struck(events), 60 / 180 / 4), xruns, more)
    assert abs(ppm) < 10
    assert -10 <= lost <= 2 * max(floor_lost, 0) + 10
    assert len(ours) + lost == 450 * 96
    assert sounding(events) == set()
