"""The MIDI server dies under the music: it is noticed, told, and played to again when it is back."""

import signal

import pytest

pytestmark = pytest.mark.device


def test_a_server_that_is_killed_and_comes_back_is_played_to_again(mortal_server, capture, player):
    players = [player("jack:", 1000), player("rtmidi:virtual", 1000)]
    before = capture("^sparseq")
    for sixteenths in players:
        sixteenths.tell("go")
    before.hear()
    mortal_server.end(signal.SIGKILL)
    for sixteenths in players:
        assert "has gone; playing on" in sixteenths.wait_for("port")
    before.popen.kill()
    before.end()
    mortal_server.start()
    for sixteenths in players:
        assert sixteenths.wait_for("port").endswith("is back")
    listener, connected = capture("^sparseq"), set()
    while len(connected) < len(players):
        connected.add(listener.wait_for("connected"))
    while listener.hear()[1][0] != 0x99:
        continue
    for sixteenths in players:
        sixteenths.popen.send_signal(signal.SIGTERM)
        sixteenths.end()
    listener.end()
