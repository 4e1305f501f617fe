"""Keys of large libraries again, with as many slots to a byte as their codes leave room for.

A scan of many rows takes as long as the memory takes to bring their keys, and most slots have two or three codes. So
slots share a byte, and a query looks the distance of all of them up at once. Only where the processor looks up 256
bytes at a time; elsewhere, and where it would not save half, rows are measured slot by slot. The distances are the same.
"""

import numpy as np

from libc.string cimport memset

from sparseq.kernel._head cimport UNKNOWN, Asked, measure, measure_own, own_part, set_asked

cdef extern from "_joint.h" nogil:
    enum: BYTE_CODES
    enum: BLOCK_ROWS
    void find_codes(const uint8_t*, Py_ssize_t, uint8_t*)
    void add_digit(uint8_t*, const uint8_t*, Py_ssize_t, int, const uint8_t*)
    void spread_table(uint8_t*, int, const uint8_t*, int)
    void measure_joint(uint8_t*, const uint8_t*, const uint8_t*, const int32_t*, int, Py_ssize_t)


cdef class JointKeys:

    def __init__(self, const uint8_t[:, ::1] keys_sr, Py_ssize_t n_rows):
        """Join narrow keys, which lie in whole strips; without any line where that would not save half of them."""
        codes = codes_of(keys_sr, n_rows)
        lines = shared_out([len(found) for found in codes])
        self._arrays = []
        self.joint.n_lines = len(lines) if 2 * len(lines) <= len(codes) else 0
        if self.joint.n_lines:
            lay_out(self, codes, lines)
            join(self, keys_sr, codes, lines)

    @property
    def n_lines(self):
        return self.joint.n_lines


cdef list codes_of(const uint8_t[:, ::1] keys_sr, Py_ssize_t n_rows):
    """The codes that each slot has, rising."""
    cdef uint8_t[:, ::1] present = np.zeros((len(keys_sr), BYTE_CODES), np.uint8)
    cdef Py_ssize_t slot
    for slot in range(len(keys_sr)):
        find_codes(&keys_sr[slot, 0], n_rows, &present[slot, 0])
    return [np.flatnonzero(flags).astype(np.uint8) for flags in np.asarray(present)]


def shared_out(n_codes_s):
    """Share slots out among as few bytes as will do, those of most codes first; the slots of each."""
    lines, used = [], []
    for slot in sorted(range(len(n_codes_s)), key=lambda slot: -n_codes_s[slot]):
        free = next((line for line, n in enumerate(used) if n * n_codes_s[slot] <= BYTE_CODES), len(lines))
        if free == len(lines):
            lines.append([])
            used.append(1)
        lines[free].append(slot)
        used[free] *= n_codes_s[slot]
    return lines


cdef int lay_out(JointKeys self, list codes, list lines) except -1:
    """What the digits stand for."""
    cdef Joint* joint = &self.joint
    order = [slot for line in lines for slot in line]
    cdef int32_t[::1] line_start = starts_of(lines), code_start = starts_of([codes[slot] for slot in order])
    cdef int32_t[::1] slots = np.array(order, np.int32)
    cdef int32_t[::1] n_codes = np.array([np.prod([len(codes[slot]) for slot in line]) for line in lines], np.int32)
    cdef uint8_t[::1] all_codes = np.concatenate([codes[slot] for slot in order])
    self._arrays += [line_start, code_start, slots, n_codes, all_codes]
    joint.line_start, joint.code_start, joint.slots = &line_start[0], &code_start[0], &slots[0]
    joint.n_codes, joint.codes = &n_codes[0], &all_codes[0]
    return 0


cdef starts_of(parts):
    return np.cumsum([0, *(len(part) for part in parts)], dtype=np.int32)


cdef int join(JointKeys self, const uint8_t[:, ::1] keys_sr, list codes, list lines) except -1:
    cdef Py_ssize_t n_strips = keys_sr.shape[1], n_blocks = (n_strips + BLOCK_ROWS - 1) // BLOCK_ROWS
    cdef uint8_t[::1] blocks = np.zeros(n_blocks * self.joint.n_lines * BLOCK_ROWS, np.uint8)
    cdef uint8_t[::1] digit = np.zeros(BYTE_CODES, np.uint8)
    cdef Py_ssize_t line, slot
    self._arrays.append(blocks)
    self.joint.blocks = &blocks[0]
    for line in range(self.joint.n_lines):
        base = 1
        for slot in lines[line]:
            digit[:] = 0
            digit.base[codes[slot]] = base * np.arange(len(codes[slot]))
            add_digit(&blocks[line * BLOCK_ROWS], &keys_sr[slot, 0], n_strips, self.joint.n_lines, &digit[0])
            base *= len(codes[slot])
    return 0


# ---- a query ---------------------------------------------------------------------------------------------------------

cdef int measure_keys(Head* head, const int32_t* query, void* distance) except -1 nogil:
    """Distances of all rows to a query: example rows first, then own rows."""
    cdef const Joint* joint = <const Joint*>head.joint
    if joint == NULL:
        return measure(head, query, distance)
    fill_tables(head, joint, query)
    measure_joint(<uint8_t*>distance, joint.blocks, head.joint_tables, joint.n_codes, joint.n_lines, head.stride)
    # What lies behind the last row is far from everything.
    memset(<uint8_t*>distance + head.n_rows, 255, head.stride - head.n_rows)
    return measure_own(head, query, distance)


cdef int fill_tables(const Head* head, const Joint* joint, const int32_t* query) except -1 nogil:
    """The distance of each byte of each line: that of its lower digits, and that of the highest."""
    cdef int line, place, n
    cdef uint8_t* table
    for line in range(joint.n_lines):
        table = head.joint_tables + line * BYTE_CODES
        table[0], n = 0, 1
        for place in range(joint.line_start[line], joint.line_start[line + 1]):
            n = add_slot(head, joint, query, place, table, n)
    return 0


cdef int add_slot(const Head* head, const Joint* joint, const int32_t* query, int place, uint8_t* table,
                  int n) except -1 nogil:
    """Make a table of n bytes one for one more slot, too; returns its new length."""
    cdef const uint8_t* codes = joint.codes + joint.code_start[place]
    cdef int n_codes = joint.code_start[place + 1] - joint.code_start[place], slot = joint.slots[place], digit
    cdef uint8_t farther[BYTE_CODES]
    cdef Asked asked
    if query[slot] == UNKNOWN:
        memset(farther, 0, n_codes)
    else:
        set_asked(head, slot, query[slot], &asked)
        for digit in range(n_codes):
            farther[digit] = asked.weight if codes[digit] != asked.code else 0
            if asked.table != NULL:
                farther[digit] = asked.table[codes[digit]] if codes[digit] < head.similarity_size else asked.weight
    spread_table(table, n, farther, n_codes)
    return n * n_codes
