# Keys of large libraries with several slots to a byte; see _joint.pyx.
from libc.stdint cimport int32_t, uint8_t

from sparseq.kernel._head cimport Head


cdef struct Joint:
    # Blocks of rows, in each a byte a row for every line of slots: digits of a mixed base, the lowest slot's first.
    int n_lines
    const uint8_t* blocks
    const int32_t* line_start   # by line: where its slots begin
    const int32_t* slots
    const int32_t* code_start   # by place in `slots`: where the codes begin that its digits stand for
    const uint8_t* codes
    const int32_t* n_codes      # by line: the product of its slots'


cdef class JointKeys:
    cdef Joint joint
    cdef list _arrays           # owns what the pointers look at


cdef int measure_keys(Head* head, const int32_t* query, void* distance) except -1 nogil
