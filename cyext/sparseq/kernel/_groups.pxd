# Rows in groups; see _groups.pyx.
from sparseq.kernel._head cimport Head

cdef enum:
    UPTO = 16       # groups of a strip, see _group_layout.h

cdef Py_ssize_t strips_of_groups(const Head* head) except -1
cdef int make_groups(Head* head, Py_ssize_t n_strips) except -1
