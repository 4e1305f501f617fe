# Answers to queries; see _answer.pyx.
from libc.stdint cimport int32_t, int64_t, uint8_t

from sparseq.kernel._head cimport Head

cdef int ask(Head* head, const int32_t* query, const uint8_t* allowed) except -1 nogil
cdef int predict(Head* head, double* probability) except -1 nogil
cdef int origin_of(Head* head, int value, double u, bint nearest, int64_t* origin) except -1 nogil
