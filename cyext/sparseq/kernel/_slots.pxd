# The head that the generation loops attend through; see _slots.pyx.
from sparseq.kernel._head cimport Head


cdef class SlotHead:
    cdef Head head
    cdef readonly int alphabet
    cdef object _arrays         # owns what the head's pointers look at
    cdef int recall(self) except -1
