"""Time only: clocks, ports and the sequencer that sends on time."""
