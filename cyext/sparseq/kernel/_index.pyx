"""The tree that large libraries are searched through, packed for the search: strips of up to 64 nodes or rows.

A strip's columns tell for each entry the code that all rows below it have in a slot, where they have one: that bounds
their distance to a query from below, for 64 entries at a time. Slots in which a whole strip agrees need no column:
its own entry above it told them. A column is a bit an entry for each code, since a search waits for memory most of its
time. So the index takes less memory than the rows.
"""

import numpy as np

from libc.string cimport memcpy

from sparseq.kernel._tree cimport VARIES, RowTree, Tree, key_at


cdef struct Packing:
    const Tree* tree
    Py_ssize_t n_strips
    Py_ssize_t n_words
    Strip* strips
    uint32_t* node              # of each strip, in the tree
    uint64_t* words             # NULL: they are only counted
    uint32_t* entry             # nodes of the strip at hand
    # the strip at hand: its records, and what does not fit in them
    uint64_t* record
    uint64_t* more
    Py_ssize_t n_more
    # the column at hand: its codes, and the entries that have each
    int n_codes
    uint64_t known
    int* code
    uint64_t* map


cdef class SlotIndex:
    # `n_bytes` tells what it takes beside the rows.

    def __init__(self, rows, weights_s):
        cdef RowTree grown = RowTree(np.ascontiguousarray(rows.keys_sn.T), weights_s)
        cdef Packing packing
        cdef Py_ssize_t most = grown.tree.n_nodes + 1
        cdef uint8_t[::1] strips = np.zeros(most * sizeof(Strip), np.uint8)
        cdef uint32_t[::1] node = np.empty(most, np.uint32), entry = np.empty(ENTRIES, np.uint32)
        cdef int[::1] code = np.empty(ENTRIES, np.int32)
        cdef uint64_t[::1] map = np.empty(ENTRIES, np.uint64), words
        cdef uint64_t[:, ::1] strip_words = np.empty((2, (grown.tree.n_slots + 1) * 2 * ENTRIES), np.uint64)
        packing.tree, packing.strips, packing.words = &grown.tree, <Strip*>&strips[0], NULL
        packing.node, packing.entry, packing.code, packing.map = &node[0], &entry[0], &code[0], &map[0]
        packing.record, packing.more = &strip_words[0, 0], &strip_words[1, 0]
        with nogil:
            pack(&packing)
        words = np.empty(packing.n_words + 1, np.uint64)
        packing.words = &words[0]
        with nogil:
            pack(&packing)
        take(self, rows, grown.order.copy(), np.array(strips[:packing.n_strips * sizeof(Strip)]), words)

    @property
    def n_bytes(self):
        return sum(np.asarray(array).nbytes for array in self._arrays)

    @property
    def n_strips(self):
        return self.index.n_strips


cdef int take(SlotIndex self, rows, order, uint8_t[::1] strips, uint64_t[::1] words) except -1:
    cdef Index* index = &self.index
    cdef uint32_t[::1] ordered = order, counts = rows.counts_n[order]
    cdef uint16_t[::1] values = rows.values().astype(np.uint16)[order]
    self._arrays = [strips, words, ordered, counts, values]
    index.n_rows, index.n_strips = len(order), strips.shape[0] // sizeof(Strip)
    index.n_counted = rows.counts_n.sum(dtype=np.int64)
    index.strips, index.words = <Strip*>&strips[0], &words[0]
    index.rows, index.counts, index.values = &ordered[0], &counts[0], &values[0]
    return 0


cdef int pack(Packing* packing) except -1 nogil:
    """Lay out the strips, parents before children; columns too where there is room for them."""
    cdef Py_ssize_t i = 0
    packing.n_strips = packing.n_words = 0
    add_strip(packing, 0)
    pack_root(packing)
    while i + 1 < packing.n_strips:
        i += 1
        if packing.tree.n_children[packing.node[i]]:
            pack_nodes(packing, packing.strips + i, packing.node[i], choose_entries(packing, packing.node[i]))
        else:
            pack_rows(packing, packing.strips + i, packing.node[i])
    return 0


cdef int add_strip(Packing* packing, uint32_t node) except -1 nogil:
    packing.node[packing.n_strips] = node
    packing.n_strips += 1
    return 0


cdef int pack_root(Packing* packing) except -1 nogil:
    """A strip whose one entry is the whole tree."""
    cdef Py_ssize_t slot
    cdef Strip* strip = packing.strips
    begin_strip(packing, strip, 1, 1, False)
    packing.entry[0] = 0
    add_strip(packing, 0)
    for slot in range(packing.tree.n_slots):
        add_column_of_nodes(packing, strip, slot)
    return end_strip(packing, strip)


cdef int begin_strip(Packing* packing, Strip* strip, uint32_t first, int n_entries, bint leaf) except -1 nogil:
    strip.first, strip.word, strip.n_columns, strip.n_entries, strip.leaf = first, packing.n_words, 0, n_entries, leaf
    packing.n_more = 0
    return 0


cdef int end_strip(Packing* packing, Strip* strip) except -1 nogil:
    """Append the strip's words, or count them; the layout stands in _strip.h."""
    cdef Py_ssize_t size = 2 if strip.leaf else 3, n_records = strip.n_columns * size, i
    cdef uint64_t* words
    packing.n_words += n_records + packing.n_more
    if packing.words == NULL:
        return 0
    words = packing.words + strip.word
    memcpy(words, packing.record, n_records * sizeof(uint64_t))
    memcpy(words + n_records, packing.more, packing.n_more * sizeof(uint64_t))
    for i in range(strip.n_columns):
        if words[i * size] >> 32 & 0xFFFF != 1:
            words[(i + 1) * size - 1] += n_records
    return 0


cdef int choose_entries(Packing* packing, uint32_t node) except -1 nogil:
    """The nodes below a node that its strip holds: the largest is opened as long as there is room; returns how many."""
    cdef const Tree* tree = packing.tree
    cdef uint32_t opened, child
    cdef int n = 1, at = 0
    packing.entry[0] = node
    while at >= 0:
        opened = packing.entry[at]
        packing.entry[at] = tree.first[opened]
        for child in range(tree.first[opened] + 1, tree.first[opened] + tree.n_children[opened]):
            packing.entry[n] = child
            n += 1
        at = largest_to_open(packing, n)
    return n


cdef int largest_to_open(const Packing* packing, int n) except -2 nogil:
    """Which of n entries with children has most rows, if there is room for its children; -1 for none."""
    cdef const Tree* tree = packing.tree
    cdef uint32_t node
    cdef int i, at = -1
    for i in range(n):
        node = packing.entry[i]
        if tree.n_children[node] and n - 1 + tree.n_children[node] <= ENTRIES:
            if at < 0 or rows_of(tree, node) > rows_of(tree, packing.entry[at]):
                at = i
    return at


cdef uint32_t rows_of(const Tree* tree, uint32_t node) except? 0 nogil:
    return tree.stop[node] - tree.start[node]


cdef int pack_nodes(Packing* packing, Strip* strip, uint32_t node, int n_entries) except -1 nogil:
    cdef Py_ssize_t slot
    cdef int i
    begin_strip(packing, strip, packing.n_strips, n_entries, False)
    for i in range(n_entries):
        add_strip(packing, packing.entry[i])
    for slot in range(packing.tree.n_slots):
        if packing.tree.agreed[node * packing.tree.n_slots + slot] == VARIES:
            add_column_of_nodes(packing, strip, slot)
    return end_strip(packing, strip)


cdef int add_column_of_nodes(Packing* packing, Strip* strip, Py_ssize_t slot) except -1 nogil:
    """A column for what the entries agree in; none where each varies."""
    cdef const Tree* tree = packing.tree
    cdef int i, code
    packing.n_codes, packing.known = 0, 0
    for i in range(strip.n_entries):
        code = tree.agreed[packing.entry[i] * tree.n_slots + slot]
        if code != VARIES:
            put_code(packing, i, code)
    if packing.known == 0:
        return 0
    return write_column(packing, strip, slot)


cdef int pack_rows(Packing* packing, Strip* strip, uint32_t node) except -1 nogil:
    cdef const Tree* tree = packing.tree
    cdef Py_ssize_t slot
    cdef int i
    begin_strip(packing, strip, tree.start[node], rows_of(tree, node), True)
    for slot in range(tree.n_slots):
        if tree.agreed[node * tree.n_slots + slot] == VARIES:
            packing.n_codes, packing.known = 0, 0
            for i in range(strip.n_entries):
                put_code(packing, i, key_at(tree, tree.order[strip.first + i], slot))
            write_column(packing, strip, slot)
    return end_strip(packing, strip)


cdef int put_code(Packing* packing, int entry, int code) except -1 nogil:
    """Note an entry's code in the column at hand."""
    cdef uint64_t bit = (<uint64_t>1) << entry
    cdef int i = 0
    while i < packing.n_codes and packing.code[i] != code:
        i += 1
    if i == packing.n_codes:
        packing.code[i], packing.map[i] = code, 0
        packing.n_codes += 1
    packing.map[i] |= bit
    packing.known |= bit
    return 0


cdef int write_column(Packing* packing, Strip* strip, uint64_t slot) except -1 nogil:
    """Add the column at hand to the strip at hand; the layout stands in _strip.h."""
    cdef int size = 2 if strip.leaf else 3
    cdef uint64_t* record = packing.record + strip.n_columns * size
    cdef uint64_t n = max(packing.n_codes - 1, 1)
    strip.n_columns += 1
    if packing.n_codes == 1:
        packing.code[1], packing.map[1] = packing.code[0], 0
    record[0] = slot | <uint64_t>packing.code[0] << 16 | n << 32 | <uint64_t>packing.code[1] << 48
    record[1] = packing.known   # of a leaf overwritten, as all are known
    record[size - 1] = packing.map[1] if n == 1 else write_more(packing, n)
    return 0


cdef uint64_t write_more(Packing* packing, int n) except? 0xFFFFFFFFFFFFFFFF nogil:
    """Write n codes and maps behind the records; returns where they begin there."""
    cdef uint64_t* more = packing.more + packing.n_more
    cdef Py_ssize_t i, begins = packing.n_more, n_heads = (n + 3) // 4
    for i in range(n_heads):
        more[i] = 0
    for i in range(n):
        more[i // 4] |= <uint64_t>packing.code[i + 1] << 16 * (i % 4)
        more[n_heads + i] = packing.map[i + 1]
    packing.n_more += n_heads + n
    return begins
