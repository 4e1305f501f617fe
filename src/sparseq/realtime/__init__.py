"""Time only: clocks, ports and the sequencer that sends on time.

bar            what is played: MIDI bytes at integer ticks, and a tempo
lookahead      bars made ahead of time in another thread
agenda         what is to be sent, in order of tick, with MIDI clock in between
timeline       when each tick is due;  roll: which bars lie where;  songbook: which bar has which place in a song
sequencer      plays bars: hands each event to a port a little before it is due;  supply: where the next bar comes from
place          where it is in the song: it plays, rests or follows;  reports: what it tells
controls       what a musician may ask for meanwhile;  mapping: which key or knob asks for it
tape           what was played, at its musical tick
suspend        Ctrl-Z

transport      what can be followed;  sync: a MIDI clock;  pulses: when its pulses really are;  ableton_link: Link
listen         what somebody plays, on the grid of the bars

outputs        what a port can do; the null port and the recording port
router         several ports as one;  steady_port, steady_input: ports that come back
sender_port    the player's end of the sender process;  framing: the language between them
sender         the process that owns a MIDI output and sends on time;  courier: what waits and what sounds there
ahead          the same through a device that schedules
input_port     the player's end of the receiver process, which notes when each message arrived (receiver)
ledger         what sounds;  lateness: how late it was;  inboxes: input and time waited for at once
ports          finds and opens MIDI devices;  names: which one a person means;  quiet: C libraries that talk
rtmidi_ports   those of python-rtmidi;  jack_port, jack_device, jack_input: JACK's, to the frame;  jack_watch: its end

It knows nothing of tokens, lanes or files. The sender starts with every performance, so imports here stay light.
"""
