"""A JACK server of our own without a sound card, a capture that listens to it, and a player."""

import contextlib
import ctypes.util
import importlib.util
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
WAIT_S = 15  # only ever reached by a failure
SOUND_FONTS = (
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/sounds/sf2/default-GM.sf2",
    "/usr/share/soundfonts/default.sf2",
    "/usr/share/soundfonts/FluidR3_GM.sf2",
)


def why_not():
    """Return why there is no transport to test on, or an empty string."""
    if shutil.which("jackd") is None or shutil.which("jack_wait") is None or ctypes.util.find_library("jack") is None:
        return "jackd is not installed (Debian: apt install jackd2)"
    if importlib.util.find_spec("jack") is None:
        return "JACK-Client is not installed (pip install JACK-Client)"
    if importlib.util.find_spec("rtmidi") is None:
        return "python-rtmidi is not installed"
    import rtmidi

    if rtmidi.API_UNIX_JACK not in rtmidi.get_compiled_api():
        return "python-rtmidi was built without JACK"
    return "ALSA answers here, and virtual ports are made there first" if os.path.exists("/dev/snd/seq") else ""


class Talker:
    """A process of a test that is told lines and answers lines."""

    def __init__(self, *command, keeps_stderr=False):
        stderr = None if keeps_stderr else subprocess.DEVNULL
        pipe = subprocess.PIPE
        self.popen = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=stderr)
        self.text, self.lines = b"", []

    def tell(self, line):
        self.popen.stdin.write(line.encode() + b"\n")
        self.popen.stdin.flush()

    def line(self):
        """Return the next line, or None at the end."""
        while b"\n" not in self.text:
            ready, _, _ = select.select([self.popen.stdout], [], [], WAIT_S)
            assert ready, f"nothing more was said after {self.lines[-3:]}"
            piece = os.read(self.popen.stdout.fileno(), 65536)
            if not piece:
                return None
            self.text += piece
        line, _, self.text = self.text.partition(b"\n")
        self.lines.append(line.decode())
        return self.lines[-1]

    def wait_for(self, word):
        """Return the rest of the next line that begins with ``word``."""
        while (line := self.line()) is not None:
            head, _, rest = line.partition(" ")
            if head == word:
                return rest
        raise AssertionError(f"it ended without a word of {word!r}: {self.lines[-3:]}")

    def end(self):
        """End its input and hear it out."""
        self.popen.stdin.close()
        while self.line() is not None:
            pass
        self.popen.stdout.close()
        self.popen.wait(WAIT_S)
        return self.lines


class Capture(Talker):
    """Hears what arrives."""

    def __init__(self, pattern):
        super().__init__(sys.executable, str(HERE / "capture.py"), pattern)
        self.wait_for("listening")

    def hear(self):
        """Return (time in seconds, message) of the next message."""
        at_s, data = self.wait_for("event").split()
        return float(at_s), bytes.fromhex(data)

    def end(self):
        """Return every message that arrived as (time in seconds, message), and how many xruns there were."""
        split = [line.split() for line in super().end()]
        events = [(float(words[1]), bytes.fromhex(words[2])) for words in split if words[0] == "event"]
        return events, sum(int(words[1]) for words in split if words[0] == "xruns")


def may_hurry():
    """Return whether we may have real-time threads, as a musician's server has.

    Without them everything that competes for the machine comes between the server and its clients, and on a busy one
    half of what any sender sends is lost.
    """
    may = subprocess.run(["chrt", "-f", "1", "true"], check=False, stderr=subprocess.DEVNULL)
    return may.returncode == 0


class Server:
    """A JACK server under a name of its own, for all processes that are started meanwhile."""

    def __init__(self, name):
        self.name = name

    def start(self):
        way = ["-R", "-P", "20"] if may_hurry() else ["-r"]
        command = ["jackd", "-n", self.name, *way, "-d", "dummy", "-r", "48000", "-p", "64"]
        self.popen = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        waited = subprocess.run(["jack_wait", "-s", self.name, "-w", "-t", "10"], check=False, **quiet)
        if waited.returncode:
            self.end()
            pytest.skip("a JACK server of our own does not start on this machine")

    def end(self, number=signal.SIGTERM):
        self.popen.send_signal(number)
        return self.popen.wait(WAIT_S)

    def leave(self):
        """End it so that it gives back its place, of which a machine has eight.

        One that is killed, or ended by the broken pipe of a client that has just gone, keeps it; the next of the same
        name takes it over, and without clients it ends well.
        """
        if self.end():
            self.start()
            self.end()


@contextlib.contextmanager
def serving(name):
    """Run a server while the block runs."""
    if reason := why_not():
        pytest.skip(reason)
    server = Server(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JACK_DEFAULT_SERVER", name)
        server.start()
        try:
            yield server
        finally:
            server.leave()


@pytest.fixture(scope="module")
def server():
    """Run a JACK server for the tests of a module that leave it alone; two at once disturb each other's start."""
    with serving(f"sparseq-{os.getpid()}") as server:
        yield server


@pytest.fixture
def mortal_server():
    """Run a JACK server that the test may kill."""
    with serving(f"sparseq-{os.getpid()}-mortal") as server:
        yield server


@pytest.fixture(scope="session")
def capture():
    """Return a function that starts a capture of the outputs that match a pattern."""
    return Capture


@pytest.fixture(scope="session")
def player():
    """Return a function that starts a player whose port is open."""

    def start(port, *what):
        talker = Talker(sys.executable, str(HERE / "player.py"), port, *map(str, what), keeps_stderr=True)
        talker.wait_for("ready")
        return talker

    return start


@pytest.fixture(scope="session")
def sound_font():
    """Return a General MIDI sound font, where there is a synthesiser to play it."""
    if shutil.which("fluidsynth") is None:
        pytest.skip("fluidsynth is not installed (Debian: apt install fluidsynth)")
    found = [path for path in SOUND_FONTS if Path(path).exists()]
    if not found:
        pytest.skip("no General MIDI sound font is installed (Debian: apt install fluid-soundfont-gm)")
    return found[0]
