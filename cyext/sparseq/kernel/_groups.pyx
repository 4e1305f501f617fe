"""Rows in groups of four, a strip of which is summed up at once; see _groups.h."""

from libc.stdint cimport uint64_t

from sparseq.kernel._head cimport Groups, Head

cdef extern from "_group_layout.h" nogil:
    enum: SPARSEQ_GROUP
    enum: SPARSEQ_GROUPS
    enum: SPARSEQ_GROUP_ROWS

cdef enum:
    STRIP = 64


cdef Py_ssize_t strips_of_groups(const Head* head) except -1:
    """How many strips of groups the rows of a head take; 0 where they are not to be grouped."""
    cdef Py_ssize_t n = 0
    cdef int value
    if head.planes == NULL or head.n_rows > SPARSEQ_GROUP_ROWS:
        return 0
    for value in range(head.n_values):
        n += (head.value_start[value + 1] - head.value_start[value] + SPARSEQ_GROUP - 1) // SPARSEQ_GROUP
    return (n + SPARSEQ_GROUPS - 1) // SPARSEQ_GROUPS


cdef int make_groups(Head* head, Py_ssize_t n_strips) except -1:
    """Which rows each strip of groups takes in, see _groups.h."""
    cdef Groups* groups = &head.groups
    cdef Py_ssize_t row = 0, place = 0, strip
    cdef int value
    groups.n_strips = n_strips
    for value in range(head.n_values):
        groups.start[value] = place // SPARSEQ_GROUP
        while row < head.value_start[value + 1]:
            strip = place // STRIP
            if groups.places[strip] == 0:
                groups.from_row[strip] = row
            groups.places[strip] |= <uint64_t>1 << (place % STRIP)
            groups.low[place] = head.counts_low[row]
            if groups.high != NULL:
                groups.high[place] = head.counts_high[row]
            row += 1
            place += 1
        place = (place + SPARSEQ_GROUP - 1) // SPARSEQ_GROUP * SPARSEQ_GROUP
    groups.start[head.n_values] = place // SPARSEQ_GROUP
    return 0
