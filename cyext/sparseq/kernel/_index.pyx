"""The tree that large libraries are searched through: rows split by the slot that tells most, down to small leaves.

A node knows in which slots all rows below it agree: that bounds their distance to a query from below. A leaf keeps
only the slots in which its rows differ, so that the tree takes less memory than the rows.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy, memset

cdef enum:
    SAMPLE_ROWS = 64    # rows of a node looked at to choose its slot
    FEW_ROWS = 8        # codes of fewer rows share one child
    VARIES = -1


cdef struct Build:
    Py_ssize_t n_rows
    Py_ssize_t n_slots
    Py_ssize_t n_nodes
    bint wide
    const void* keys            # row by row
    const int32_t* weights
    uint32_t* order             # rows; each node has a range of it
    uint32_t* sorted            # room to reorder a range
    Node* nodes
    uint32_t* start             # range of each node
    uint32_t* stop
    uint32_t* tally             # by code, zero between uses
    uint16_t* codes             # those in use
    int32_t* agreed             # by node and slot: the code of all its rows, or VARIES


cdef class SlotIndex:
    # `n_bytes` tells what it takes beside the rows.

    def __init__(self, rows, const int32_t[::1] weights_s):
        cdef Build build
        keys = np.ascontiguousarray(rows.keys_sn.T)
        scratch = begin(&build, keys, weights_s)
        with nogil:
            grow(&build)
        nodes = np.array(scratch[0][:build.n_nodes * sizeof(Node)])
        cdef uint8_t[::1] node_bytes = nodes
        build.nodes = <Node*>&node_bytes[0]
        cdef int32_t[::1] agreed = np.empty(build.n_nodes * build.n_slots + 1, np.int32)
        build.agreed = &agreed[0]
        with nogil:
            find_agreed(&build)
        cdef uint8_t[::1] columns = np.zeros(count_columns(&build) * LEAF_ROWS * keys.itemsize + 1, np.uint8)
        cdef uint16_t[::1] slot_of_column = np.zeros(columns.shape[0] // (LEAF_ROWS * keys.itemsize) + 1, np.uint16)
        cdef uint32_t[::1] facts = np.zeros(write_facts(&build, NULL) + 1, np.uint32)
        with nogil:
            write_columns(&build, &columns[0], &slot_of_column[0])
            write_facts(&build, <Fact*>&facts[0])
        take(self, &build, rows, scratch[1], [nodes, columns, slot_of_column, facts])

    @property
    def n_bytes(self):
        return sum(np.asarray(array).nbytes for array in self._arrays)

    @property
    def n_nodes(self):
        return self.index.n_nodes


cdef int take(SlotIndex self, Build* build, rows, order, arrays) except -1:
    cdef Index* index = &self.index
    cdef uint8_t[::1] nodes = arrays[0], columns = arrays[1]
    cdef uint16_t[::1] slot_of_column = arrays[2], values = rows.values().astype(np.uint16)[order]
    cdef uint32_t[::1] facts = arrays[3], ordered = order, counts = rows.counts_n[order]
    self._arrays = [*arrays, ordered, counts, values]
    index.n_rows, index.n_nodes = build.n_rows, build.n_nodes
    index.n_counted = rows.counts_n.sum(dtype=np.int64)
    index.nodes = <Node*>&nodes[0]
    index.facts = <Fact*>&facts[0]
    index.columns = &columns[0]
    index.slot_of_column = &slot_of_column[0]
    index.rows, index.counts, index.values = &ordered[0], &counts[0], &values[0]
    return 0


cdef list begin(Build* build, keys, const int32_t[::1] weights):
    """Room for the growth of a tree over at least one row; returns the arrays that own it, nodes and order first."""
    cdef Py_ssize_t n = len(keys)
    build.n_rows, build.n_slots = keys.shape
    build.wide = keys.dtype == np.uint16
    build.weights = &weights[0] if build.n_slots else NULL
    cdef const uint8_t[::1] key_bytes = keys.reshape(-1).view(np.uint8) if build.n_slots else np.zeros(1, np.uint8)
    # A node has two children or more: no tree has more nodes than this. Pages that are not touched are not there.
    cdef uint8_t[::1] nodes = np.empty(2 * n * sizeof(Node), np.uint8)
    cdef uint32_t[::1] order = np.arange(n, dtype=np.uint32), reordered = np.empty(n, np.uint32)
    cdef uint32_t[::1] start = np.empty(2 * n, np.uint32), stop = np.empty(2 * n, np.uint32)
    cdef uint32_t[::1] tally = np.zeros(65536, np.uint32)
    cdef uint16_t[::1] codes = np.zeros(65536, np.uint16)
    build.keys, build.nodes = &key_bytes[0], <Node*>&nodes[0]
    build.order, build.sorted = &order[0], &reordered[0]
    build.start, build.stop = &start[0], &stop[0]
    build.tally, build.codes = &tally[0], &codes[0]
    return [np.asarray(nodes), np.asarray(order), key_bytes, reordered, start, stop, tally, codes]


cdef inline int key_at(const Build* build, uint32_t row, Py_ssize_t slot) except -1 nogil:
    cdef Py_ssize_t at = <Py_ssize_t>row * build.n_slots + slot
    return (<const uint16_t*>build.keys)[at] if build.wide else (<const uint8_t*>build.keys)[at]


# ---- splitting ------------------------------------------------------------------------------------------------------

cdef int grow(Build* build) except -1 nogil:
    """Split nodes, the root first, until all are small."""
    cdef Py_ssize_t node = 0, slot
    build.n_nodes = 0
    add_node(build, 0, build.n_rows)
    while node < build.n_nodes:
        if build.stop[node] - build.start[node] > LEAF_ROWS:
            slot = telling_slot(build, build.start[node], build.stop[node])
            build.nodes[node].first = build.n_nodes
            if slot >= 0:
                split_by_code(build, build.start[node], build.stop[node], slot)
            else:
                split_evenly(build, build.start[node], build.stop[node])
            build.nodes[node].n_children = build.n_nodes - build.nodes[node].first
        node += 1
    return 0


cdef int add_node(Build* build, uint32_t start, uint32_t stop) except -1 nogil:
    cdef Node* node = build.nodes + build.n_nodes
    memset(node, 0, sizeof(Node))
    node.position = start
    build.start[build.n_nodes], build.stop[build.n_nodes] = start, stop
    build.n_nodes += 1
    return 0


cdef Py_ssize_t telling_slot(Build* build, Py_ssize_t start, Py_ssize_t stop) except -2 nogil:
    """The slot that adds most to the distance between two rows; -1 where no slot of any weight tells rows apart."""
    cdef Py_ssize_t slot, best = -1, step = (stop - start) // SAMPLE_ROWS
    cdef double here, most = 0.0
    for slot in range(build.n_slots):
        if build.weights[slot] > 0:
            here = build.weights[slot] * unlike_pairs(build, start, stop, step, slot)
            if here > most:
                most = here
                best = slot
    if best < 0 and step > 1:
        return telling_slot_of_all(build, start, stop)
    return best


cdef Py_ssize_t telling_slot_of_all(Build* build, Py_ssize_t start, Py_ssize_t stop) except -2 nogil:
    """As telling_slot, where the sample's rows are all alike: the first slot in which any row differs."""
    cdef Py_ssize_t slot
    for slot in range(build.n_slots):
        if build.weights[slot] > 0 and unlike_pairs(build, start, stop, 1, slot) > 0.0:
            return slot
    return -1


cdef double unlike_pairs(Build* build, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t step,
                         Py_ssize_t slot) except -1.0 nogil:
    """Pairs of every step-th row that differ in a slot."""
    cdef Py_ssize_t i, n_codes = 0
    cdef double n = 0.0, alike = 0.0
    cdef int code
    while start < stop:
        code = key_at(build, build.order[start], slot)
        if build.tally[code] == 0:
            build.codes[n_codes] = code
            n_codes += 1
        build.tally[code] += 1
        n += 1.0
        start += step
    for i in range(n_codes):
        alike += <double>build.tally[build.codes[i]] * build.tally[build.codes[i]]
        build.tally[build.codes[i]] = 0
    return n * n - alike


cdef int split_evenly(Build* build, Py_ssize_t start, Py_ssize_t stop) except -1 nogil:
    """Rows that no slot of any weight tells apart: cut into at most 64 pieces, each at least a leaf."""
    cdef Py_ssize_t step = max((stop - start + 63) // 64, LEAF_ROWS)
    while start < stop:
        add_node(build, start, min(start + step, stop))
        start += step
    return 0


cdef int split_by_code(Build* build, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t slot) except -1 nogil:
    """One child for each code in the slot; codes of few rows share one, unless all are such."""
    cdef Py_ssize_t i, n_codes = tally_codes(build, start, stop, slot)
    cdef Py_ssize_t n_alone = move_frequent_first(build, n_codes), place = start, begins
    cdef uint32_t count
    cdef int code
    for i in range(n_alone):
        count = build.tally[build.codes[i]]
        build.tally[build.codes[i]] = place     # from here on the place of the code's next row
        add_node(build, place, place + count)
        place += count
    if n_alone < n_codes:
        begins = place
        for i in range(n_alone, n_codes):
            count = build.tally[build.codes[i]]
            build.tally[build.codes[i]] = place
            place += count
        add_node(build, begins, place)
    for i in range(start, stop):
        code = key_at(build, build.order[i], slot)
        build.sorted[build.tally[code]] = build.order[i]
        build.tally[code] += 1
    memcpy(build.order + start, build.sorted + start, (stop - start) * sizeof(uint32_t))
    for i in range(n_codes):
        build.tally[build.codes[i]] = 0
    return 0


cdef Py_ssize_t tally_codes(Build* build, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t slot) except -1 nogil:
    """Count the rows of each code in a slot; returns how many codes there are."""
    cdef Py_ssize_t i, n_codes = 0
    cdef int code
    for i in range(start, stop):
        code = key_at(build, build.order[i], slot)
        if build.tally[code] == 0:
            build.codes[n_codes] = code
            n_codes += 1
        build.tally[code] += 1
    return n_codes


cdef Py_ssize_t move_frequent_first(Build* build, Py_ssize_t n_codes) except -1 nogil:
    """Move codes of more than a few rows to the front; returns how many, or all where there is none such."""
    cdef Py_ssize_t i, n_frequent = 0
    for i in range(n_codes):
        if build.tally[build.codes[i]] >= FEW_ROWS:
            build.codes[i], build.codes[n_frequent] = build.codes[n_frequent], build.codes[i]
            n_frequent += 1
    return n_frequent if n_frequent else n_codes


# ---- what the rows below a node agree in ----------------------------------------------------------------------------

cdef int find_agreed(Build* build) except -1 nogil:
    """For each node and slot the code that all rows below share; children stand behind their parents."""
    cdef Py_ssize_t node, slot
    for node in range(build.n_nodes - 1, -1, -1):
        for slot in range(build.n_slots):
            if build.nodes[node].n_children:
                build.agreed[node * build.n_slots + slot] = agreed_of_children(build, node, slot)
            else:
                build.agreed[node * build.n_slots + slot] = agreed_of_rows(build, node, slot)
    return 0


cdef int agreed_of_children(const Build* build, Py_ssize_t node, Py_ssize_t slot) except -2 nogil:
    cdef Py_ssize_t child, first = build.nodes[node].first
    cdef int code = build.agreed[first * build.n_slots + slot]
    for child in range(first + 1, first + build.nodes[node].n_children):
        if build.agreed[child * build.n_slots + slot] != code:
            return VARIES
    return code


cdef int agreed_of_rows(const Build* build, Py_ssize_t node, Py_ssize_t slot) except -2 nogil:
    cdef Py_ssize_t i
    cdef int code = key_at(build, build.order[build.start[node]], slot)
    for i in range(build.start[node] + 1, build.stop[node]):
        if key_at(build, build.order[i], slot) != code:
            return VARIES
    return code


cdef Py_ssize_t count_columns(Build* build) except -1 nogil:
    """Give each leaf its columns; returns how many there are."""
    cdef Py_ssize_t node, slot, n_columns = 0
    for node in range(build.n_nodes):
        if build.nodes[node].n_children:
            continue
        build.nodes[node].first = n_columns
        build.nodes[node].n_rows = build.stop[node] - build.start[node]
        for slot in range(build.n_slots):
            build.nodes[node].n_columns += build.agreed[node * build.n_slots + slot] == VARIES
        n_columns += build.nodes[node].n_columns
    return n_columns


cdef int write_columns(const Build* build, void* columns, uint16_t* slot_of_column) except -1 nogil:
    cdef Py_ssize_t node, slot, i, at, column = 0
    for node in range(build.n_nodes):
        for slot in range(build.n_slots if build.nodes[node].n_children == 0 else 0):
            if build.agreed[node * build.n_slots + slot] != VARIES:
                continue
            slot_of_column[column] = slot
            for i in range(build.stop[node] - build.start[node]):
                at = column * LEAF_ROWS + i
                if build.wide:
                    (<uint16_t*>columns)[at] = key_at(build, build.order[build.start[node] + i], slot)
                else:
                    (<uint8_t*>columns)[at] = key_at(build, build.order[build.start[node] + i], slot)
            column += 1
    return 0


cdef Py_ssize_t write_facts(Build* build, Fact* facts) except -1 nogil:
    """List what a node's rows agree in and its parent's do not, node by node; returns how many there are."""
    cdef Py_ssize_t node, child, n_facts = facts_of(build, 0, -1, 0, facts)
    for node in range(build.n_nodes):
        for child in range(build.nodes[node].n_children):
            n_facts += facts_of(build, build.nodes[node].first + child, node, n_facts, facts)
    return n_facts


cdef Py_ssize_t facts_of(Build* build, Py_ssize_t node, Py_ssize_t parent, Py_ssize_t at, Fact* facts) except -1 nogil:
    """Write a node's facts, where there is room for them; returns how many there are."""
    cdef Py_ssize_t slot, n = 0
    for slot in range(build.n_slots):
        if build.agreed[node * build.n_slots + slot] == VARIES:
            continue
        if parent >= 0 and build.agreed[parent * build.n_slots + slot] != VARIES:
            continue
        if facts != NULL:
            facts[at + n].slot, facts[at + n].code = slot, build.agreed[node * build.n_slots + slot]
        n += 1
    build.nodes[node].fact, build.nodes[node].n_facts = at, n
    return n
