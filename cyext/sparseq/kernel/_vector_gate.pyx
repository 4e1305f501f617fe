"""How much a token stands out: a small recurrence over the tokens before it."""

import numpy as np

from libc.stdint cimport int64_t

from sparseq.kernel._vector_math cimport vec_gate_step


def salience(x_td, weights):
    """Salience of each token from 0 to 1, by a small gated recurrence over the rows before it and its own."""
    cdef const float[:, ::1] x = x_td
    cdef const float[:, ::1] w = weights.w_dr
    cdef const float[:, ::1] u = weights.u_rr
    cdef const float[::1] bias_gate = weights.bias_gate_r
    cdef const float[::1] bias_update = weights.bias_update_r
    cdef const float[::1] readout = weights.readout_r
    cdef int64_t t, d = x.shape[1], r = w.shape[1]
    cdef float zeta = weights.zeta, nu = weights.nu
    cdef float[::1] state = np.zeros(2 * r, np.float32)
    cdef float[::1] out_t = np.zeros(x.shape[0], np.float32)
    with nogil:
        for t in range(x.shape[0]):
            out_t[t] = vec_gate_step(&x[t, 0], d, r, &w[0, 0], &u[0, 0], &bias_gate[0], &bias_update[0], &readout[0],
                                     zeta, nu, &state[0], &state[r])
    return out_t.base
