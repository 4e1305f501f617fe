# What one class of cells attends to; see _head.pyx.
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    MASK_CELL = 65535   # a grid cell that is not known
    EDGE_CELL = 65534   # what a slot reads outside the grid
    UNKNOWN = -1        # a query's slot that is not known: it adds no distance

cdef extern from "_asked.h" nogil:
    ctypedef struct Asked "sparseq_asked":
        int32_t slot
        int32_t code
        int32_t weight
        const uint16_t* table

cdef extern from "_group_layout.h" nogil:
    ctypedef struct Groups "sparseq_groups":
        int n_strips
        int32_t* from_row "from"
        uint64_t* places
        uint8_t* low
        uint8_t* high
        int32_t* start
        uint64_t* upto


cdef struct Head:
    int n_slots
    int n_values
    int reach
    int largest_distance
    int own_weight
    bint evict
    bint wide_keys
    bint wide_distance
    int edge_code
    int unknown_code
    double prior_weight
    # example rows
    Py_ssize_t n_rows
    Py_ssize_t stride           # rows from one slot's keys to the next's, whole strips
    const void* keys
    const uint32_t* counts
    const int64_t* value_start
    const int64_t* origin_start
    const int64_t* origins
    const double* prior
    double* floor               # the prior with its weight
    # the model
    const int32_t* weights
    const uint64_t* table
    const double* decay
    const uint16_t* similarity
    const int32_t* similarity_of_slot
    int similarity_size
    # the softmax table byte by byte, and the counts by 7 bits, see _wide.h; NULL: not for this processor or these rows
    const uint8_t* planes
    const uint8_t* counts_low
    const uint8_t* counts_high
    Groups groups               # of rows, where they are few; none: n_strips is 0
    # keys with several slots to a byte, see _joint.pxd; NULL: not for this processor or these rows
    const void* joint
    uint8_t* joint_tables       # room for one query: for each byte of a row, the distance of each code
    # own rows: a ring
    Py_ssize_t n_own
    Py_ssize_t own_capacity
    Py_ssize_t own_stride
    Py_ssize_t own_next
    int64_t rewinds             # how often rows were forgotten
    Py_ssize_t hidden           # an own row that does not count; -1: all do
    void* own_keys
    int32_t* own_values
    int64_t* own_origins
    # how large libraries are read; NULL: row by row
    void* search                # see _search.pxd
    void* recall                # what was asked before, see _recall.pxd; NULL: nothing is kept
    # room for one query, and the answer to the latest
    Asked* asked
    void* distance
    const void* seen            # the distances that the answer was read from; of a search, of own rows alone
    const uint64_t* used_table  # the mass at each distance beyond the least that it gave example rows
    const uint8_t* used_planes  # the same, byte by byte; NULL as above
    bint searched               # example rows were searched, not scanned
    bint grouped                # ... and summed up in groups
    const uint64_t* seen_upto   # the mass before each group
    const uint8_t* allowed      # values whose rows it took into account; NULL: all
    int least
    uint64_t* mass
    double* probability


cdef Py_ssize_t whole_strips(Py_ssize_t n) except -1 nogil
cdef Py_ssize_t distances_size(const Head* head) except -1 nogil
cdef int set_asked(const Head* head, int slot, int code, Asked* asked) except -1 nogil
cdef int add_slot(Head* head, int slot, int code, void* distance) except -1 nogil
cdef int measure(Head* head, const int32_t* query, void* distance) except -1 nogil
cdef int measure_own(Head* head, const int32_t* query, void* distance) except -1 nogil
cdef int measure_own_from(Head* head, const int32_t* query, void* distance, Py_ssize_t first) except -1 nogil
cdef Py_ssize_t distances_room(const Head* head) except -1 nogil
cdef int attend(Head* head, const void* distance, const uint8_t* allowed) except -1 nogil
cdef int find_least(Head* head, const void* distance, const uint8_t* allowed) except -1 nogil
cdef int attend_rows(Head* head, const uint64_t* table, const uint8_t* planes, int reach) except -1 nogil
cdef uint64_t mass_of(const Head* head, Py_ssize_t first, Py_ssize_t last) except? 0xFFFFFFFFFFFFFFFF nogil
cdef int least_between(const Head* head, const void* distance, Py_ssize_t first, int least) except -1 nogil
cdef int least_own(const Head* head, const void* distance, int least) except -1 nogil
cdef int attend_own(Head* head) except -1 nogil
cdef int add_own(Head* head, Py_ssize_t first) except -1 nogil
cdef int remember(Head* head, const int32_t* codes, int value, int64_t origin) except -1 nogil


# Short, and called for each row or slot: a call across modules takes longer than what they do.

cdef inline int distance_at(const Head* head, const void* distance, Py_ssize_t row) noexcept nogil:
    return (<const uint16_t*>distance)[row] if head.wide_distance else (<const uint8_t*>distance)[row]


cdef inline void* own_part(const Head* head, const void* distance) noexcept nogil:
    """Where the distances of own rows begin among those of all."""
    return <char*>distance + head.stride * (2 if head.wide_distance else 1)


cdef inline int code_of_cell(const Head* head, int cell) noexcept nogil:
    """A grid cell as this head's key code; UNKNOWN for a masked one."""
    if cell == MASK_CELL:
        return UNKNOWN
    return head.edge_code if cell == EDGE_CELL else cell


cdef inline uint64_t own_step(const Head* head, Py_ssize_t row) noexcept nogil:
    """The mass of one own row in the latest answer."""
    return <uint64_t>head.own_weight * head.table[distance_at(head, own_part(head, head.seen), row) - head.least]
