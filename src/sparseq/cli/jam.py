"""`sparseq jam`: play, and be answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sparseq.cli.live_options import clock_option, input_option, ports_option, stage_options, wished
from sparseq.cli.options import (
    Number,
    WholeNumber,
    bar_count_option,
    bpm_option,
    loops_option,
    seed_option,
    temperature_option,
)
from sparseq.cli.outputs import begun_outputs, open_outputs
from sparseq.cli.play import called, opened_stream
from sparseq.cli.seeds import seed_or_fresh
from sparseq.cli.stage import Stage, Wishes, Words
from sparseq.cli.talk import say

if TYPE_CHECKING:
    from sparseq.jobs.jam import JamSettings
    from sparseq.jobs.stream import Stream
    from sparseq.realtime.outputs import OutputPort

MOST_EVERY_BARS = 16
MOST_PAUSE = 32
MOST_LATENCY_MS = 500
WAYS = ("continue", "vary")


@click.command(name="jam")
@input_option(help="The keyboard to listen to: a part of a MIDI input's name, or 'virtual'.", required=True)
@ports_option()
@loops_option()
@click.option("--alone", is_flag=True, help="Only answer: nothing plays along.")
@click.option(
    "--answer", type=click.Choice(WAYS), default="continue", show_default=True, help="Go on from a phrase, or vary it."
)
@click.option(
    "--every",
    "every_bars",
    type=WholeNumber(1, MOST_EVERY_BARS),
    metavar="N",
    help="Answer every N bars. [default: after a pause]",
)
@click.option(
    "--pause",
    "pause_quarters",
    type=Number(0, MOST_PAUSE, above=True),
    metavar="X",
    default=2.0,
    show_default=True,
    help="So many quarter notes without a sound are a pause.",
)
@click.option(
    "--latency-ms",
    type=Number(0, MOST_LATENCY_MS),
    metavar="X",
    default=0.0,
    show_default=True,
    help="So much earlier than it arrives a note was played.",
)
@click.option("--thru/--no-thru", default=False, show_default=True, help="Pass on what you play, as it is.")
@bpm_option(help="Tempo, 20 to 400. [default: that of the loop leaned on most]")
@bar_count_option(None, help="Stop after so many bars. [default: play on until Ctrl-C]")
@seed_option()
@temperature_option(1.0)
@clock_option()
@stage_options(save="Write what was sent here at the end.")
def command(
    input_name: str,
    ports: tuple[str, ...],
    loops: tuple[str, ...],
    alone: bool,
    answer: str,
    every_bars: int | None,
    pause_quarters: float,
    latency_ms: float,
    thru: bool,
    bpm: float | None,
    bars: int | None,
    seed: int | None,
    temperature: float,
    clock: bool,
    **options: Any,
) -> None:
    """Play, and be answered in kind.

    What you play at --in is put on the grid of the bars, remembered at once, and answered on its channel with the next
    bar line: after a pause, or every N bars. Drums play along. Your own notes are never altered.
    """
    from sparseq.jobs.answers import Way
    from sparseq.jobs.draw import Draw
    from sparseq.jobs.jam import JamSettings
    from sparseq.jobs.loading import load_examples
    from sparseq.jobs.stream import StreamSettings

    words, wishes = Words(options["quiet"]), wished(options, input_name)
    settings = StreamSettings(seed_or_fresh(seed), temperature, bpm, parts=frozenset(["drums"]))
    with begun_outputs(ports) as begun:
        stream = opened_stream(
            load_examples(loops, pitched=True, draw=Draw(settings.seed, settings.parts)), settings, wishes.quiet
        )
        output = open_outputs(ports, {name: sound.channel for name, sound in stream.sounds.items()}, words, begun)
    jam = JamSettings(Way(answer), every_bars, pause_quarters, latency_ms, thru)
    _on_stage(stream, output, jam, wishes, words, n_bars=bars, clock_out=clock, alone=alone)


def _on_stage(
    stream: Stream,
    output: OutputPort,
    settings: JamSettings,
    wishes: Wishes,
    words: Words,
    *,
    n_bars: int | None,
    clock_out: bool,
    alone: bool,
) -> None:
    from sparseq.jobs.jam import Jam, Thru
    from sparseq.jobs.play import Performance, PlaySettings
    from sparseq.realtime.clock import MonotonicClock
    from sparseq.realtime.controls import Action
    from sparseq.realtime.tape import Tape

    clock = MonotonicClock()
    tape = Tape() if wishes.save is not None else Tape(keep_bars=wishes.last_bars)
    performance = Performance(
        stream,
        output,
        clock,
        PlaySettings(n_bars, clock_out),
        tape,
        on_save=lambda count: stage.save_last(count),
        on_word=words,
        dress=lambda bar: jam.dress(bar),
    )
    jam = Jam(stream, settings, stream.settings.seed, performance.sequencer.position_at, words)
    hear = [jam.hear]
    if settings.thru:
        hear.append(Thru(output, tape, performance.sequencer.tick_at, clock).hear)
    if alone:
        performance.controls.ask(Action.MUTE, "drums")

    def refresh() -> None:
        jam.answerer.temperature = performance.stream.settings.temperature
        jam.poll(clock.now_s())

    stage = Stage(performance, output, tape, wishes, words, hear=hear, on_refresh=refresh)
    say(f"listening, playing to {called(output)}, seed {stream.settings.seed}; Ctrl-C stops", quiet=wishes.quiet)
    stage.play()
