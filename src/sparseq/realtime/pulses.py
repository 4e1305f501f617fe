"""When the pulses of a MIDI clock really are: arrival times filtered, lost pulses counted, tempo changes followed."""

from __future__ import annotations

PULSES_PER_QUARTER = 24
_SHORTEST_S, _LONGEST_S = 60 / 400 / PULSES_PER_QUARTER, 60 / 20 / PULSES_PER_QUARTER
# Steady gains of the loop. Phase noise comes down to half of the jitter, and a ramp from 90 to 140 bpm in ten seconds
# is followed 0.6 ms behind; narrower is calmer but lags more.
_PHASE_GAIN, _PERIOD_GAIN = 0.3, 0.053
_ODD = 0.25  # an arrival that is off by more of a period than this is late, or the tempo has jumped
_GAP = 1.6  # a gap of more periods than this has lost pulses in it, or the tempo has dropped
_FRESH = 4  # a clock that was heard so few periods ago still has its tempo
_SURE = 3  # so many arrivals in a row that agree with each other rather than with us are right


class PulseTracker:
    """A delay-locked loop over the arrival times of clock pulses.

    Its gains begin wide, as in the fit of a straight line, and narrow with each pulse; they open again when the tempo
    jumps.

    Parameters
    ----------
    bpm : float
        What to assume until two pulses have come.
    """

    def __init__(self, bpm: float = 120.0) -> None:
        self.period_s = 60.0 / bpm / PULSES_PER_QUARTER
        self.at_s = 0.0  # where the last pulse really was
        self._arrived_s = 0.0
        self._seen = 0  # pulses that the estimate rests on
        self._odd: list[float] = []  # the last gaps, as long as they contradict the estimate
        self._guessed = 0  # pulses that we counted though they never came

    @property
    def bpm(self) -> float:
        """Quarter notes per minute."""
        return 60.0 / self.period_s / PULSES_PER_QUARTER

    @property
    def has_tempo(self) -> bool:
        """Whether the tempo was heard rather than assumed."""
        return self._seen > 1

    def begin(self, time_s: float) -> None:
        """Take the first arrival after a start: if it is not where it was due, it is right and we were not."""
        periods = (time_s - self.at_s) / self.period_s
        if self._seen > 1 and abs(periods - 1) <= _ODD:
            self.feed(time_s)
        else:  # a clock that was silent until now may have any tempo
            self._anchor(time_s, 2 if self._seen > 1 and periods < _FRESH else 1)

    def feed(self, time_s: float) -> int:
        """Take one arrival, and return by how many pulses the position moves on.

        Returns
        -------
        int
            1 as a rule; more after pulses were lost; 0 for one that was counted as lost before and came late after all;
            less than 0 when what looked lost turns out to be a slower tempo.
        """
        gap_s, self._arrived_s = time_s - self._arrived_s, time_s
        if not self._seen:
            self._anchor(time_s, 1)
            return 1
        if self._seen == 1:
            self.period_s = min(max(gap_s, _SHORTEST_S), _LONGEST_S)
            self._anchor(time_s, 2)
            return 1
        since_s = time_s - self.at_s
        if self._guessed and since_s < 0.5 * self.period_s:
            self._guessed -= 1
            return 0
        if since_s > _GAP * self.period_s:
            return self._bridge(time_s, gap_s)
        self._correct(since_s - self.period_s, gap_s, time_s)
        return 1

    def _correct(self, error_s: float, gap_s: float, time_s: float) -> None:
        """Move the estimate by one pulse and a part of the error."""
        limit_s = _ODD * self.period_s
        if abs(error_s) <= limit_s:
            self._odd.clear()
            self._guessed = 0
        else:
            self._odd.append(gap_s)
            if self._agrees():
                self._jump(time_s)
                return
        self._seen += 1
        count = self._seen
        phase_gain = max(_PHASE_GAIN, 2 * (2 * count - 1) / (count * (count + 1)))
        period_gain = max(_PERIOD_GAIN, 6 / (count * (count + 1)))
        error_s = min(max(error_s, -limit_s), limit_s)
        self.at_s += self.period_s + phase_gain * error_s
        self._set_period(self.period_s + period_gain * error_s)

    def _bridge(self, time_s: float, gap_s: float) -> int:
        """Go over a gap at the tempo that was; if such gaps keep coming, it is the tempo that is."""
        self._odd.append(gap_s)
        if self._agrees():
            excess, self._guessed = self._guessed, 0
            self._jump(time_s)
            return 1 - excess
        periods = round((time_s - self.at_s) / self.period_s)
        self._guessed += periods - 1
        late_s = time_s - self.at_s - periods * self.period_s
        limit_s = _ODD * self.period_s
        self.at_s += periods * self.period_s + min(max(late_s, -limit_s), limit_s)
        self._seen = min(self._seen, 8)  # the estimate is old now: open the gains a little
        return periods

    def _agrees(self) -> bool:
        """Return whether the last gaps contradict us but not each other."""
        last = self._odd[-_SURE:]
        return len(last) == _SURE and max(last) < 1.3 * min(last)

    def _jump(self, time_s: float) -> None:
        last = self._odd[-_SURE:]
        self._set_period(sum(last) / len(last))
        self._anchor(time_s, _SURE)

    def _anchor(self, time_s: float, seen: int) -> None:
        self.at_s = self._arrived_s = time_s
        self._seen = seen
        self._guessed = 0
        self._odd.clear()

    def _set_period(self, period_s: float) -> None:
        self.period_s = min(max(period_s, _SHORTEST_S), _LONGEST_S)
