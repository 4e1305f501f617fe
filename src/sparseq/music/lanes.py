"""Which drum voice each percussion pitch belongs to: one table, every look-up made from it."""

from types import MappingProxyType

from sparseq.errors import InputError

# Pitch, lane, name. Names are those of General MIDI (35 to 81), GM2 and XG (23 to 34, 82 to 87); 22, 26 and 58 are
# what electronic kits send for the edges of the hats and the rim of the low tom. A lane's default pitch stands first.
_TABLE = (
    (36, "kick", "Bass Drum 1"),
    (35, "kick", "Acoustic Bass Drum"),
    (38, "snare", "Acoustic Snare"),
    (40, "snare", "Electric Snare"),
    (37, "rimshot", "Side Stick"),
    (39, "clap", "Hand Clap"),
    (42, "closed_hat", "Closed Hi-Hat"),
    (22, "closed_hat", "Closed Hi-Hat Edge"),
    (44, "pedal_hat", "Pedal Hi-Hat"),
    (46, "open_hat", "Open Hi-Hat"),
    (26, "open_hat", "Open Hi-Hat Edge"),
    (43, "low_tom", "High Floor Tom"),
    (41, "low_tom", "Low Floor Tom"),
    (58, "low_tom", "Low Tom Rim (Vibraslap)"),
    (45, "mid_tom", "Low Tom"),
    (47, "mid_tom", "Low-Mid Tom"),
    (48, "high_tom", "Hi-Mid Tom"),
    (50, "high_tom", "High Tom"),
    (49, "crash", "Crash Cymbal 1"),
    (57, "crash", "Crash Cymbal 2"),
    (52, "crash", "Chinese Cymbal"),
    (55, "crash", "Splash Cymbal"),
    (51, "ride", "Ride Cymbal 1"),
    (59, "ride", "Ride Cymbal 2"),
    (53, "ride_bell", "Ride Bell"),
    (54, "tambourine", "Tambourine"),
    (56, "cowbell", "Cowbell"),
    (70, "shaker", "Maracas"),
    (69, "shaker", "Cabasa"),
    (82, "shaker", "Shaker"),
    (63, "conga", "Open Hi Conga"),
    (62, "conga", "Mute Hi Conga"),
    (64, "conga", "Low Conga"),
    (60, "conga", "Hi Bongo"),
    (61, "conga", "Low Bongo"),
    (65, "timbale", "High Timbale"),
    (66, "timbale", "Low Timbale"),
    (67, "agogo", "High Agogo"),
    (68, "agogo", "Low Agogo"),
    (76, "woodblock", "Hi Wood Block"),
    (77, "woodblock", "Low Wood Block"),
    (75, "woodblock", "Claves"),
    (85, "woodblock", "Castanets"),
    (81, "triangle", "Open Triangle"),
    (80, "triangle", "Mute Triangle"),
    (73, "guiro", "Short Guiro"),
    (74, "guiro", "Long Guiro"),
    (78, "cuica", "Mute Cuica"),
    (79, "cuica", "Open Cuica"),
    (87, "surdo", "Open Surdo"),
    (86, "surdo", "Mute Surdo"),
    (83, "bells", "Jingle Bell"),
    (84, "bells", "Bell Tree"),
    (71, "whistle", "Short Whistle"),
    (72, "whistle", "Long Whistle"),
    (31, "effects", "Sticks"),
    (23, "effects", "Brush Tap"),
    (24, "effects", "Brush Swirl"),
    (25, "effects", "Snare Roll"),
    (27, "effects", "High Q"),
    (28, "effects", "Slap"),
    (29, "effects", "Scratch Push"),
    (30, "effects", "Scratch Pull"),
    (32, "effects", "Square Click"),
    (33, "effects", "Metronome Click"),
    (34, "effects", "Metronome Bell"),
)

OTHER = "other"
"""The lane of every pitch that the table does not hold."""

LANES = (*dict.fromkeys(lane for _, lane, _ in _TABLE), OTHER)
"""All lane names, in the order in which grids show them."""

_OTHER_PITCH = 88  # the first pitch above the table, so that it is in the lane that it stands for
_LANE_OF_PITCH = MappingProxyType({pitch: lane for pitch, lane, _ in _TABLE})
_NAME_OF_PITCH = MappingProxyType({pitch: name for pitch, _, name in _TABLE})
_DEFAULT_PITCH = MappingProxyType({lane: pitch for pitch, lane, _ in reversed(_TABLE)} | {OTHER: _OTHER_PITCH})

ALIASES = MappingProxyType(
    {
        "hats": ("closed_hat", "pedal_hat", "open_hat"),
        "hihat": ("closed_hat", "pedal_hat", "open_hat"),
        "toms": ("low_tom", "mid_tom", "high_tom"),
        "cymbals": ("crash", "ride", "ride_bell"),
        "rides": ("ride", "ride_bell"),
        "percussion": LANES[LANES.index("tambourine") :],
        "bass_drum": ("kick",),
        "bd": ("kick",),
        "sd": ("snare",),
        "side_stick": ("rimshot",),
        "hand_clap": ("clap",),
        "hh": ("closed_hat",),
        "oh": ("open_hat",),
        "floor_tom": ("low_tom",),
        "bongo": ("conga",),
        "clave": ("woodblock",),
    }
)
"""Other names for one lane or for several."""


def lane_of(pitch: int) -> str:
    """Return the lane of a percussion pitch.

    Parameters
    ----------
    pitch : int
        0 to 127.

    Returns
    -------
    str
        One of `LANES`.

    Raises
    ------
    InputError
        If there is no such pitch.
    """
    if not 0 <= pitch < 128:
        raise InputError(f"a pitch from 0 to 127 was wanted, but {pitch} was given")
    return _LANE_OF_PITCH.get(pitch, OTHER)


def default_pitch(lane: str) -> int:
    """Return the pitch that stands for a lane where no example says which to play.

    Parameters
    ----------
    lane : str
        One of `LANES`.

    Returns
    -------
    int
        A pitch of that lane.

    Raises
    ------
    InputError
        If there is no such lane.
    """
    if lane not in _DEFAULT_PITCH:
        raise InputError(f"a lane was wanted, but {lane!r} is none; lanes are {', '.join(LANES)}")
    return _DEFAULT_PITCH[lane]


def pitch_name(pitch: int) -> str:
    """Return what a percussion pitch is called.

    Parameters
    ----------
    pitch : int
        0 to 127.

    Returns
    -------
    str
        The General MIDI name, or "Percussion" and the number where there is none.
    """
    return _NAME_OF_PITCH.get(pitch, f"Percussion {pitch}")
