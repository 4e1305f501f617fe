# numpy's arrays as they lie in memory: a look takes no time, where a memoryview of each takes longer than a column.
cimport numpy as cnp


cdef inline bint is_array(object array, int kind, int n_dims, bint written):
    """Whether this is a C-ordered array of a kind (NPY_...) in this machine's order of bytes; writable if `written`."""
    if not cnp.PyArray_Check(array) or cnp.PyArray_TYPE(array) != kind or cnp.PyArray_NDIM(array) != n_dims:
        return False
    return cnp.PyArray_ISCARRAY(array) if written else cnp.PyArray_ISCARRAY_RO(array)


cdef inline void* data_of(object array, int kind, int n_dims, bint written=False) except NULL:
    """Where an array's numbers begin; raises TypeError for an array of another kind."""
    if not is_array(array, kind, n_dims, written):
        raise TypeError(f"wanted a C-ordered array of kind {kind} and {n_dims} dimensions, got {array!r}")
    return cnp.PyArray_DATA(array)


cdef inline Py_ssize_t length_of(object array, int axis=0):
    """How long an array is along an axis; no index is checked."""
    return cnp.PyArray_DIM(array, axis)
