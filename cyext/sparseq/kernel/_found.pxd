# Where the rows of an answer came from, of those that a search found; see _found.pyx.
from libc.stdint cimport uint64_t

from sparseq.kernel._head cimport Head

cdef Py_ssize_t drawn_row(Head* head, int value, uint64_t* target, int* distance) except -2 nogil
cdef Py_ssize_t nearest_row(Head* head, int value, int under) except -2 nogil
