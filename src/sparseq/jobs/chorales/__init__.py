"""Bach chorales on a sixteenth grid: how surprising each note is, frames and voices in random order.

``key`` finds the key signature, ``timeline`` lays the library out, ``looks`` says where a cell looks, ``experts`` holds
what each of several memories weighs and asks the kernel, ``rivals`` are simple rules, ``protocol`` runs it all.
"""
