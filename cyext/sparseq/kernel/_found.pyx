"""Which of the rows that a search found an answer came from: drawn by attention, or the nearest."""

from libc.stdint cimport uint32_t

from sparseq.kernel._search cimport Found, Search


cdef Py_ssize_t drawn_row(Head* head, int value, uint64_t* target, int* distance) except -2 nogil:
    """The found row in which the target lies, which becomes what is left of it there; -1: it lies in own rows.

    As if the masses of the value's rows were counted off in the order of the rows: by quickselect.
    """
    cdef Search* search = <Search*>head.search
    cdef Py_ssize_t first = 0, last = gather_value(search, value), middle
    cdef uint64_t before, here
    while first < last:
        middle = part(head, search, first, last, &before)
        here = found_mass(head, search, middle)
        if target[0] < before:
            last = middle
        elif target[0] < before + here:
            target[0] -= before
            distance[0] = search.found[middle].distance
            return search.index.rows[search.found[middle].position]
        else:
            target[0] -= before + here
            first = middle + 1
    return -1


cdef uint64_t found_mass(const Head* head, const Search* search, Py_ssize_t i) except? 0xFFFFFFFFFFFFFFFF nogil:
    return search.index.counts[search.found[i].position] * head.table[<int>search.found[i].distance - head.least]


cdef Py_ssize_t gather_value(Search* search, int value) except -1 nogil:
    """Move the found rows of one value to the front; returns how many there are."""
    cdef Py_ssize_t i, n = 0
    for i in range(search.n_found):
        if search.index.values[search.found[i].position] == value:
            search.found[i], search.found[n] = search.found[n], search.found[i]
            n += 1
    return n


cdef Py_ssize_t part(const Head* head, Search* search, Py_ssize_t first, Py_ssize_t last,
                     uint64_t* before) except -1 nogil:
    """Move found rows that stand before the middle one, in the order of rows, to its left; returns its place."""
    cdef Py_ssize_t i, place = first, middle = (first + last) // 2
    cdef uint32_t pivot = search.index.rows[search.found[middle].position]
    search.found[middle], search.found[last - 1] = search.found[last - 1], search.found[middle]
    before[0] = 0
    for i in range(first, last - 1):
        if search.index.rows[search.found[i].position] < pivot:
            before[0] += found_mass(head, search, i)
            search.found[i], search.found[place] = search.found[place], search.found[i]
            place += 1
    search.found[place], search.found[last - 1] = search.found[last - 1], search.found[place]
    return place


cdef Py_ssize_t nearest_row(Head* head, int value, int under) except -2 nogil:
    """The first of the nearest found rows that hold a value, if nearer than `under`; else -1."""
    cdef Search* search = <Search*>head.search
    cdef Py_ssize_t i, row, best = -1
    cdef int here
    for i in range(search.n_found):
        here = search.found[i].distance
        row = search.index.rows[search.found[i].position]
        if search.index.values[search.found[i].position] == value and here <= under:
            if here < under or (best >= 0 and row < best):
                best, under = row, here
    return best
