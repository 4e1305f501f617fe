"""`sparseq play`: new music live into a MIDI port."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from sparseq.cli.band import band_options, band_settings, load_band
from sparseq.cli.live_options import (
    clock_option,
    input_option,
    offset_option,
    ports_option,
    stage_options,
    sync_option,
    wished,
)
from sparseq.cli.options import (
    bar_count_option,
    bpm_option,
    loops_option,
    seed_option,
    temperature_option,
)
from sparseq.cli.outputs import begun_outputs, master_of, open_outputs
from sparseq.cli.reports import say_used
from sparseq.cli.seeds import seed_or_fresh
from sparseq.cli.stage import Stage, Wishes, Words
from sparseq.cli.talk import say

if TYPE_CHECKING:
    from sparseq.jobs.examples import Examples
    from sparseq.jobs.stream import Stream, StreamSettings
    from sparseq.realtime.outputs import OutputPort
    from sparseq.realtime.transport import Transport

CLOCK_BPM = 120.0  # what a clock that is followed is taken for until it has told its tempo


@click.command(name="play")
@loops_option()
@ports_option()
@bpm_option(help="Tempo, 20 to 400. [default: that of the loop leaned on most]")
@bar_count_option(None, help="Stop after so many bars. [default: play on until Ctrl-C]")
@seed_option()
@temperature_option(1.0)
@band_options()
@sync_option()
@input_option(help="Listen to this MIDI input: clock for --sync midi, knobs and pads for what x has learnt.")
@offset_option()
@clock_option()
@stage_options(save="Write what was played here at the end.")
def command(
    loops: tuple[str, ...],
    ports: tuple[str, ...],
    bpm: float | None,
    bars: int | None,
    seed: int | None,
    temperature: float,
    sync: str,
    input_name: str | None,
    offset_ms: float,
    clock: bool,
    **options: Any,
) -> None:
    """Stream new music live into a MIDI port.

    Connect the port to an instrument in a DAW or synthesiser (drums are General MIDI on channel 10). Ctrl-C stops; what
    sounds is released. While it plays, ? shows what the keys do.
    """
    check_sync(sync, input_name)
    words, wishes = Words(options["quiet"]), wished(options, input_name)
    with begun_outputs(ports) as begun:
        settings = band_settings(seed_or_fresh(seed), temperature, bpm, options)
        stream = opened_stream(load_band(loops, options, settings.seed), settings, wishes.quiet)
        master = master_of(sync, offset_ms, bpm or CLOCK_BPM)
        output = open_outputs(ports, {name: sound.channel for name, sound in stream.sounds.items()}, words, begun)
    on_stage(stream, output, master, wishes, words, n_bars=bars, clock_out=clock)


def check_sync(sync: str, input_name: str | None) -> None:
    """Say what is missing before anything is opened."""
    if sync == "midi" and input_name is None:
        raise click.UsageError(
            "--sync midi needs --in PORT: where does the clock come from? ('virtual' makes an input)"
        )


def opened_stream(examples: Examples, settings: StreamSettings, quiet: bool) -> Stream:
    """Return the stream of some loops, and say which were left out."""
    from sparseq.jobs.stream import Stream

    stream = Stream(examples, settings)
    say_used(stream.examples, quiet=quiet)
    return stream


def on_stage(
    stream: Stream,
    output: OutputPort,
    master: Transport | None,
    wishes: Wishes,
    words: Words,
    *,
    n_bars: int | None,
    clock_out: bool,
) -> None:
    """Play a stream to an open port."""
    from sparseq.jobs.play import Performance, PlaySettings
    from sparseq.realtime.clock import MonotonicClock
    from sparseq.realtime.tape import Tape

    tape = Tape() if wishes.save is not None else Tape(keep_bars=wishes.last_bars)
    performance = Performance(
        stream,
        output,
        MonotonicClock(),
        PlaySettings(n_bars, clock_out),
        tape,
        master=master,
        on_save=lambda count: stage.save_last(count),
        on_word=words,
    )
    hear: list[Callable[[float, bytes], None]] = [feed] if (feed := getattr(master, "feed", None)) else []
    stage = Stage(performance, output, tape, wishes, words, master=master, hear=hear)
    say(f"playing to {called(output)}, seed {stream.settings.seed}; Ctrl-C stops", quiet=wishes.quiet)
    stage.play()


def called(output: OutputPort) -> str:
    """Return what to call a port."""
    return "the null port" if output.name == "null" else f"the port {output.name!r}"
