"""Several ports as one: channels to where they belong, clock to all, and one lost port does not silence the others."""

import pytest

from sparseq.errors import InputError, PortError
from sparseq.realtime.lateness import Lateness
from sparseq.realtime.outputs import NullPort, RecordingPort
from sparseq.realtime.router import Route, RoutedPort, RouteSpec, parse_route

DRUM_ON, BASS_ON, BASS_OFF, CLOCK, SYSEX = b"\x99\x24\x64", b"\x91\x28\x50", b"\x81\x28\x40", b"\xf8", b"\xf0\x01\xf7"


def sent(port):
    return [data for _, data in port.events]


def test_channels_go_to_their_port_and_the_rest_to_the_other():
    drums, rest = RecordingPort(), RecordingPort()
    router = RoutedPort([Route(drums, frozenset([9])), Route(rest)])
    for number, data in enumerate([DRUM_ON, BASS_ON, BASS_OFF]):
        router.send(data, float(number))
    assert drums.events == [(0.0, DRUM_ON)]
    assert rest.events == [(1.0, BASS_ON), (2.0, BASS_OFF)]


def test_a_channel_is_changed_on_the_way():
    synth = RecordingPort()
    RoutedPort([Route(synth, frozenset([1]), to_channel=4)]).send(BASS_ON, 0.0)
    assert sent(synth) == [b"\x94\x28\x50"]


def test_a_channel_that_two_routes_name_goes_both_ways_and_one_that_nobody_wants_nowhere():
    first, second = RecordingPort(), RecordingPort()
    router = RoutedPort([Route(first, frozenset([9])), Route(second, frozenset([9]))])
    router.send(DRUM_ON, 0.0)
    router.send(BASS_ON, 0.0)
    assert sent(first) == sent(second) == [DRUM_ON]


def test_clock_and_sysex_go_once_to_every_port():
    both, other = RecordingPort(), RecordingPort()
    router = RoutedPort([Route(both, frozenset([9])), Route(both, frozenset([1])), Route(other)])
    for data in (CLOCK, SYSEX):
        router.send(data, 0.0)
    assert sent(both) == sent(other) == [CLOCK, SYSEX]


def test_release_and_close_reach_every_port_though_one_is_lost():
    class Lost(NullPort):
        def release(self):
            raise PortError("unplugged")

    synth = RecordingPort()
    router = RoutedPort([Route(Lost(), frozenset([9])), Route(synth)])
    router.send(BASS_ON, 0.0)
    with pytest.raises(PortError, match="unplugged"):
        router.release()
    assert sent(synth) == [BASS_ON, BASS_OFF, b"\xb1\x7b\x00"]
    router.flush()
    router.close()
    assert synth.is_closed


def test_the_worst_lateness_is_told():
    class Told(NullPort):
        def __init__(self, figures):
            self.figures = figures

        def lateness(self):
            return self.figures

    figures = [Lateness(3, 0.1, 0.5, 0.9), Lateness(4, 0.2, 0.4, 1.9)]
    router = RoutedPort([Route(Told(late), frozenset([index])) for index, late in enumerate(figures)])
    assert router.lateness() == Lateness(7, 0.2, 0.5, 1.9)
    assert router.name == "null, null"
    assert RoutedPort([Route(NullPort())]).lateness() is None


@pytest.mark.parametrize("routes", [[], [Route(NullPort(), frozenset([16]))], [Route(NullPort(), None, -1)]])
def test_impossible_routes_are_refused(routes):
    with pytest.raises(InputError, match="channels 0 to 15"):
        RoutedPort(routes)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("TR-8", RouteSpec("TR-8", None, None)),
        ("drums=TR-8", RouteSpec("TR-8", frozenset([9]), None)),
        ("drums=TR-8@11", RouteSpec("TR-8", frozenset([9]), 10)),
        ("2=jack:synth", RouteSpec("jack:synth", frozenset([1]), None)),
        ("user@host", RouteSpec("user@host", None, None)),
        ("virtual@3", RouteSpec("virtual", None, 2)),
    ],
)
def test_routes_are_read_as_people_write_them(text, spec):
    assert parse_route(text, {"drums": 9, "bass": 1}) == spec


@pytest.mark.parametrize("text", ["", "drums=", "TR-8@17", "TR-8@0", "@3"])
def test_a_route_that_cannot_be_read_says_how_it_is_written(text):
    with pytest.raises(InputError, match=r"\[PART=\]PORT\[@CHANNEL\]"):
        parse_route(text, {"drums": 9})


def test_an_unknown_part_lists_the_parts():
    with pytest.raises(InputError, match=r"no part 'brass'.*drums, bass"):
        parse_route("brass=MS-20", {"drums": 9, "bass": 1})
