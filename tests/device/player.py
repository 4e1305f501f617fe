"""Plays to a port when told to: sixteenths at 120 bpm, or notes that are never let go.

    python player.py PORT BARS             prints "ready" when the port is open, begins when a line comes in
    python player.py PORT hold             the same, until it is ended
    python player.py PORT follow MASTER    sixteenths behind the clock that comes from MASTER; ends at its stop

What becomes of the port is said in lines that begin with "port".
"""

import sys
import threading

from sparseq.realtime.bar import Bar
from sparseq.realtime.clock import MonotonicClock
from sparseq.realtime.ports import open_input, open_output
from sparseq.realtime.sequencer import Sequencer
from sparseq.realtime.steady_port import SteadyPort
from sparseq.realtime.suspend import suspends_silently
from sparseq.realtime.sync import ClockFollower

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


def say(line):
    print(line, flush=True)


def follow(port, master):
    follower = ClockFollower()
    listening = open_input(master, follower.feed)
    sequencer = Sequencer(port, MonotonicClock(), master=follower)
    say("ready")
    ending = threading.Thread(target=lambda: (sys.stdin.readline(), sequencer.stop()))
    ending.start()
    say(sequencer.play(sixteenths(1000)))
    listening.close()


def play(port, bars):
    say("ready")
    sys.stdin.readline()
    sequencer = Sequencer(port, MonotonicClock(), clock_out=True)
    with suspends_silently(sequencer):
        say(sequencer.play(bars))


def main(port_name, what, *rest):
    port = SteadyPort(lambda: open_output(port_name), lambda line: say(f"port {line}"), retry_s=0.2)
    if what == "follow":
        follow(port, *rest)
    else:
        play(port, held() if what == "hold" else sixteenths(int(what)))
    port.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
