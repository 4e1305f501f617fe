# Drawing a token from probabilities; see _draw.pyx.
from libc.stdint cimport int32_t, uint8_t


cdef enum:
    FEW = 16            # so many weights are looked at all at once; `recent` has room for as many


cdef struct SamplingParams:
    double temperature
    int top_k
    double top_p
    double repetition_penalty
    int no_repeat_window
    bint greedy
    double rest_odds


cdef struct Weights:
    # what a token is drawn by: the values that are left, rising, and with each the sum of the weights up to it
    int n
    int32_t* value
    double* upto
    # what all weights sum to
    double total


cdef SamplingParams params_of(sampling) except *
cdef int shape(const double* probability, int n, const uint8_t* recent, const SamplingParams* how,
               Weights* out) except -1 nogil


# Called for each cell and step: a call across modules takes longer than what it does.

cdef inline int draw(const Weights* weights, double target) noexcept nogil:
    """The first value whose weights sum to more than the target; the last of any weight where rounding leaves none."""
    cdef const double* upto = weights.upto
    cdef int place = 0
    while place < weights.n - 1 and upto[place] <= target and upto[place] < upto[weights.n - 1]:
        place += 1
    return weights.value[place] if weights.n else 0
