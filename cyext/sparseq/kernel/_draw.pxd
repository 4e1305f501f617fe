# Drawing a token from probabilities; see _draw.pyx.
from libc.stdint cimport uint8_t


cdef struct SamplingParams:
    double temperature
    int top_k
    double top_p
    double repetition_penalty
    int no_repeat_window
    bint greedy
    double rest_odds


cdef SamplingParams params_of(sampling) except *
cdef double shape(const double* probability, int n, const uint8_t* recent, const SamplingParams* how,
                  double* upto) except -1.0 nogil
cdef int draw(const double* upto, int n, double target) except -1 nogil
