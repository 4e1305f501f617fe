"""The MIDI server dies under the music: it is noticed, told, and played to again when it is back."""

import signal

import pytest

pytestmark = pytest.mark.device


@pytest.mark.parametrize(("port", "number"), [("jack:", signal.SIGKILL), ("rtmidi:virtual", signal.SIGTERM)])
def test_a_server_that_comes_back_is_played_to_again(mortal_server, capture, player, port, number):
    sixteenths, before = player(port, 1000), capture("^sparseq:")
    sixteenths.tell("go")
    before.hear()
    mortal_server.end(number)
    assert "has gone; playing on" in sixteenths.wait_for("port")
    before.popen.kill()
    before.end()
    mortal_server.start()
    assert sixteenths.wait_for("port").endswith("is back")
    listener = capture("^sparseq:")
    while listener.hear()[1][0] != 0x99:
        continue
    sixteenths.popen.send_signal(signal.SIGTERM)
    sixteenths.end()
    listener.end()
