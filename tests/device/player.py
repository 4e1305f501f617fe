"""Plays to a port when told to: sixteenths at 120 bpm, or notes that are never let go.

    python player.py PORT BARS      prints "ready" when the port is open, begins when a line comes in
    python player.py PORT hold
"""

import sys

from sparseq.realtime.bar import Bar
from sparseq.realtime.clock import MonotonicClock
from sparseq.realtime.ports import open_output
from sparseq.realtime.sequencer import Sequencer

PPQ, STEPS, BPM = 960, 16, 120.0
# Struck on each beat, for a server that stalls may lose a period of messages.
HELD = tuple((beat * PPQ, bytes([0x90, pitch, 100])) for beat in range(4) for pitch in (60, 64, 67))


def sixteenths(bars):
    for number in range(bars):
        events = []
        for step in range(STEPS):
            pitch = (number * STEPS + step) % 128
            events.append((step * PPQ // 4, bytes([0x99, pitch, 100])))
            events.append((step * PPQ // 4 + PPQ // 8, bytes([0x89, pitch, 0])))
        yield Bar(4 * PPQ, BPM, PPQ, tuple(events))


def held():
    while True:
        yield Bar(4 * PPQ, BPM, PPQ, HELD)


def main(port_name, what):
    port = open_output(port_name)
    print("ready", flush=True)
    sys.stdin.readline()
    sequencer = Sequencer(port, MonotonicClock(), clock_out=True)
    print(sequencer.play(held() if what == "hold" else sixteenths(int(what))), flush=True)
    port.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
