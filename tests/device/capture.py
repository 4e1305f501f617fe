"""Says what arrives at a JACK MIDI input: one line for each message, until its standard input ends.

    python capture.py PATTERN      connects to each MIDI output whose name matches the regular expression

Lines: "listening" when it can be connected to, "connected NAME", "event SECONDS HEX" with the time of arrival on the
clock of ``time.perf_counter``, and at the end "xruns COUNT".
"""

import collections
import gc
import re
import select
import sys
import time

import jack


def main(pattern):
    client = jack.Client("capture", no_start_server=True)
    inlet = client.midi_inports.register("in")
    arrived, xruns = collections.deque(), []

    def process(_frames):
        now_s = time.perf_counter()
        for offset, data in inlet.incoming_midi_events():
            arrived.append((now_s + offset / client.samplerate, bytes(data)))

    # With what Python does by default another thread, or a collection, delays our callback until JACK has moved on:
    # what comes then is lost, and it would look as if the sender had not sent it.
    sys.setswitchinterval(0.0001)
    gc.freeze()
    gc.disable()
    client.set_process_callback(process)
    client.set_xrun_callback(xruns.append)
    with client:
        say("listening")
        looks = 0
        while not select.select([sys.stdin], [], [], 0.02)[0]:
            looks += 1
            if not inlet.number_of_connections or not looks % 25:  # to look takes time that JACK may need
                connect(client, inlet, pattern)
            tell(arrived)
        time.sleep(0.05)  # what is on its way
        tell(arrived)
    say(f"xruns {len(xruns)}")


def connect(client, inlet, pattern):
    connected = {port.name for port in client.get_all_connections(inlet)}
    for port in client.get_ports(pattern, is_midi=True, is_output=True):
        if port.name not in connected:
            client.connect(port.name, inlet.name)
            say(f"connected {port.name}")


def tell(arrived):
    while arrived:
        at_s, data = arrived.popleft()
        say(f"event {at_s:.9f} {data.hex()}")


def say(line):
    print(line, flush=True)


if __name__ == "__main__":
    re.compile(sys.argv[1])
    main(sys.argv[1])
