"""Drawing a token from probabilities: repetition penalty, top-k, temperature, top-p, then greedy or a draw."""

from libc.math cimport pow as c_pow
from libc.stdint cimport uint8_t


cdef SamplingParams params_of(sampling) except *:
    cdef SamplingParams how
    how.temperature, how.top_k, how.top_p = sampling.temperature, sampling.top_k, sampling.top_p
    how.repetition_penalty, how.no_repeat_window = sampling.repetition_penalty, sampling.no_repeat_window
    how.greedy = sampling.greedy
    return how


cdef int draw(const double* probability, int n, const uint8_t* recent, const SamplingParams* how, double u,
              double* weight) except -1 nogil:
    """A value, with u in [0, 1); `weight` is room for n numbers."""
    cdef double best = 0.0, total = 0.0, seen = 0.0
    cdef int value, chosen = 0
    for value in range(n):
        weight[value] = probability[value]
        if how.repetition_penalty != 1.0 and recent[value]:
            weight[value] = c_pow(weight[value], how.repetition_penalty)
        if weight[value] > best:
            best = weight[value]
            chosen = value
    if how.greedy:
        return chosen
    if 0 < how.top_k < n:
        keep_largest(weight, n, how.top_k)
    for value in range(n):
        if how.temperature != 1.0 and weight[value] > 0.0:
            weight[value] = c_pow(weight[value] / best, 1.0 / how.temperature)
        total += weight[value]
    if 0.0 < how.top_p < 1.0:
        total = keep_nucleus(weight, n, how.top_p * total)
    for value in range(n):
        if weight[value] > 0.0:
            chosen = value
            seen += weight[value]
            if u * total < seen:
                break
    return chosen


cdef int keep_largest(double* weight, int n, int k) except -1 nogil:
    """Zero all but the k largest weights; those equal to the k-th stay."""
    cdef double bar = 2.0, best
    cdef int value, left = k
    while left > 0:
        best = 0.0
        for value in range(n):
            if best < weight[value] < bar:
                best = weight[value]
        if best == 0.0:
            return 0
        bar = best
        for value in range(n):
            left -= weight[value] == bar
    for value in range(n):
        if weight[value] < bar:
            weight[value] = 0.0
    return 0


cdef double keep_nucleus(double* weight, int n, double enough) except -1.0 nogil:
    """Zero all but the fewest largest weights (ties by index) that sum to `enough`; returns what they sum to."""
    cdef double total = 0.0, best
    cdef int value, top
    while total < enough:
        top = -1
        best = 0.0
        for value in range(n):
            if weight[value] > best:
                best = weight[value]
                top = value
        if top < 0:
            break
        total += best
        weight[top] = -best
    for value in range(n):
        weight[value] = -weight[value] if weight[value] < 0.0 else 0.0
    return total
