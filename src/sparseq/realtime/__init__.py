"""Time only: clocks, ports and the sequencer that sends on time.

bar            what is played: MIDI bytes at integer ticks, and a tempo
lookahead      bars made ahead of time in another thread
agenda         what is to be sent, in order of tick, with MIDI clock in between
timeline       when each tick is due
sequencer      plays bars: hands each event to a port a little before it is due
tape           what was played, at its musical tick
outputs        what a port can do; the null port and the recording port
sender_port    the player's end of the sender process;  framing: the language between them
sender         the process that owns a MIDI port and sends on time;  ledger: what sounds;  lateness: how late it was
ports          finds and opens MIDI devices

It knows nothing of tokens, lanes or files. The sender starts with every performance, so imports here stay light.
"""
