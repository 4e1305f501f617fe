"""Growing a tree over rows: each node is split by the slot that tells its rows apart most, down to small leaves."""

import numpy as np

from libc.string cimport memcpy

cdef enum:
    SAMPLE_ROWS = 64    # rows of a node looked at to choose its slot
    FEW_ROWS = 2        # codes of fewer rows share one child


cdef class RowTree:

    def __init__(self, keys, const int32_t[::1] weights):
        cdef Tree* tree = &self.tree
        tree.n_rows, tree.n_slots = keys.shape
        tree.wide = keys.dtype == np.uint16
        tree.weights = &weights[0] if tree.n_slots else NULL
        self._make_room(keys)
        with nogil:
            grow(tree)
        cdef int32_t[::1] agreed = np.empty(tree.n_nodes * tree.n_slots + 1, np.int32)
        tree.agreed = &agreed[0]
        self._arrays += [weights, agreed]
        with nogil:
            find_agreed(tree)

    cdef int _make_room(self, keys) except -1:
        cdef Tree* tree = &self.tree
        cdef Py_ssize_t n = tree.n_rows
        cdef const uint8_t[::1] key_bytes = keys.reshape(-1).view(np.uint8) if tree.n_slots else np.zeros(1, np.uint8)
        # A split has two children or more: no tree has more nodes than this. Pages that are not touched are not there.
        cdef uint32_t[:, ::1] nodes = np.empty((4, 2 * n), np.uint32)
        cdef uint32_t[:, ::1] order = np.empty((2, n), np.uint32)
        cdef uint32_t[::1] tally = np.zeros(65536, np.uint32)
        cdef uint16_t[::1] codes = np.zeros(65536, np.uint16)
        self._arrays = [key_bytes, nodes, order, tally, codes]
        tree.keys = &key_bytes[0]
        tree.start, tree.stop, tree.first, tree.n_children = &nodes[0, 0], &nodes[1, 0], &nodes[2, 0], &nodes[3, 0]
        tree.order, tree.sorted = &order[0, 0], &order[1, 0]
        tree.tally, tree.codes = &tally[0], &codes[0]
        self.order = np.asarray(order)[0]
        self.order[:] = np.arange(n)
        return 0


cdef int key_at(const Tree* tree, uint32_t row, Py_ssize_t slot) except -1 nogil:
    cdef Py_ssize_t at = <Py_ssize_t>row * tree.n_slots + slot
    return (<const uint16_t*>tree.keys)[at] if tree.wide else (<const uint8_t*>tree.keys)[at]


# ---- splitting ------------------------------------------------------------------------------------------------------

cdef int grow(Tree* tree) except -1 nogil:
    """Split nodes, the root first, until all are small."""
    cdef Py_ssize_t node = 0, slot
    tree.n_nodes = 0
    add_node(tree, 0, tree.n_rows)
    while node < tree.n_nodes:
        if tree.stop[node] - tree.start[node] > ENTRIES:
            slot = telling_slot(tree, tree.start[node], tree.stop[node])
            tree.first[node] = tree.n_nodes
            if slot >= 0:
                split_by_code(tree, tree.start[node], tree.stop[node], slot)
            else:
                split_evenly(tree, tree.start[node], tree.stop[node])
            tree.n_children[node] = tree.n_nodes - tree.first[node]
        node += 1
    return 0


cdef int add_node(Tree* tree, uint32_t start, uint32_t stop) except -1 nogil:
    tree.start[tree.n_nodes], tree.stop[tree.n_nodes], tree.n_children[tree.n_nodes] = start, stop, 0
    tree.n_nodes += 1
    return 0


cdef Py_ssize_t telling_slot(Tree* tree, Py_ssize_t start, Py_ssize_t stop) except -2 nogil:
    """The slot that adds most to the distance between two rows; -1 where no slot of any weight tells rows apart."""
    cdef Py_ssize_t slot, best = -1, step = max((stop - start) // SAMPLE_ROWS, 1)
    cdef double here, most = 0.0
    for slot in range(tree.n_slots):
        if tree.weights[slot] > 0:
            here = <double>tree.weights[slot] * tree.weights[slot] * unlike_pairs(tree, start, stop, step, slot)
            if here > most:
                most = here
                best = slot
    if best < 0 and step > 1:
        return telling_slot_of_all(tree, start, stop)
    return best


cdef Py_ssize_t telling_slot_of_all(Tree* tree, Py_ssize_t start, Py_ssize_t stop) except -2 nogil:
    """As telling_slot, where the sample's rows are all alike: the first slot in which any row differs."""
    cdef Py_ssize_t slot
    for slot in range(tree.n_slots):
        if tree.weights[slot] > 0 and unlike_pairs(tree, start, stop, 1, slot) > 0.0:
            return slot
    return -1


cdef double unlike_pairs(Tree* tree, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t step,
                         Py_ssize_t slot) except -1.0 nogil:
    """Pairs of every step-th row that differ in a slot."""
    cdef Py_ssize_t i, n_codes = 0
    cdef double n = 0.0, alike = 0.0
    cdef int code
    while start < stop:
        code = key_at(tree, tree.order[start], slot)
        if tree.tally[code] == 0:
            tree.codes[n_codes] = code
            n_codes += 1
        tree.tally[code] += 1
        n += 1.0
        start += step
    for i in range(n_codes):
        alike += <double>tree.tally[tree.codes[i]] * tree.tally[tree.codes[i]]
        tree.tally[tree.codes[i]] = 0
    return n * n - alike


cdef int split_evenly(Tree* tree, Py_ssize_t start, Py_ssize_t stop) except -1 nogil:
    """Rows that no slot of any weight tells apart: cut into at most 64 pieces, each at least a leaf."""
    cdef Py_ssize_t step = max((stop - start + 63) // 64, ENTRIES)
    while start < stop:
        add_node(tree, start, min(start + step, stop))
        start += step
    return 0


cdef int split_by_code(Tree* tree, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t slot) except -1 nogil:
    """One child for each code in the slot; codes of few rows share one, unless all are such."""
    cdef Py_ssize_t i, n_codes = tally_codes(tree, start, stop, slot)
    cdef Py_ssize_t n_alone = move_frequent_first(tree, n_codes), place = start, begins
    cdef uint32_t count
    cdef int code
    for i in range(n_alone):
        count = tree.tally[tree.codes[i]]
        tree.tally[tree.codes[i]] = place     # from here on the place of the code's next row
        add_node(tree, place, place + count)
        place += count
    if n_alone < n_codes:
        begins = place
        for i in range(n_alone, n_codes):
            count = tree.tally[tree.codes[i]]
            tree.tally[tree.codes[i]] = place
            place += count
        add_node(tree, begins, place)
    for i in range(start, stop):
        code = key_at(tree, tree.order[i], slot)
        tree.sorted[tree.tally[code]] = tree.order[i]
        tree.tally[code] += 1
    memcpy(tree.order + start, tree.sorted + start, (stop - start) * sizeof(uint32_t))
    for i in range(n_codes):
        tree.tally[tree.codes[i]] = 0
    return 0


cdef Py_ssize_t tally_codes(Tree* tree, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t slot) except -1 nogil:
    """Count the rows of each code in a slot; returns how many codes there are."""
    cdef Py_ssize_t i, n_codes = 0
    cdef int code
    for i in range(start, stop):
        code = key_at(tree, tree.order[i], slot)
        if tree.tally[code] == 0:
            tree.codes[n_codes] = code
            n_codes += 1
        tree.tally[code] += 1
    return n_codes


cdef Py_ssize_t move_frequent_first(Tree* tree, Py_ssize_t n_codes) except -1 nogil:
    """Move codes of more than a few rows to the front; returns how many, or all where there is none such.

    No more than leave room for a shared child in a strip.
    """
    cdef Py_ssize_t i, n_frequent = 0
    for i in range(n_codes):
        if tree.tally[tree.codes[i]] >= FEW_ROWS and n_frequent < ENTRIES - 1:
            tree.codes[i], tree.codes[n_frequent] = tree.codes[n_frequent], tree.codes[i]
            n_frequent += 1
    return n_frequent if n_frequent else min(n_codes, ENTRIES - 1)


# ---- what the rows below a node agree in ----------------------------------------------------------------------------

cdef int find_agreed(Tree* tree) except -1 nogil:
    """For each node and slot the code that all rows below share; children stand behind their parents."""
    cdef Py_ssize_t node, slot
    for node in range(tree.n_nodes - 1, -1, -1):
        for slot in range(tree.n_slots):
            if tree.n_children[node]:
                tree.agreed[node * tree.n_slots + slot] = agreed_of_children(tree, node, slot)
            else:
                tree.agreed[node * tree.n_slots + slot] = agreed_of_rows(tree, node, slot)
    return 0


cdef int agreed_of_children(const Tree* tree, Py_ssize_t node, Py_ssize_t slot) except -2 nogil:
    cdef Py_ssize_t child, first = tree.first[node]
    cdef int code = tree.agreed[first * tree.n_slots + slot]
    for child in range(first + 1, first + tree.n_children[node]):
        if tree.agreed[child * tree.n_slots + slot] != code:
            return VARIES
    return code


cdef int agreed_of_rows(const Tree* tree, Py_ssize_t node, Py_ssize_t slot) except -2 nogil:
    cdef Py_ssize_t i
    cdef int code = key_at(tree, tree.order[tree.start[node]], slot)
    for i in range(tree.start[node] + 1, tree.stop[node]):
        if key_at(tree, tree.order[i], slot) != code:
            return VARIES
    return code
