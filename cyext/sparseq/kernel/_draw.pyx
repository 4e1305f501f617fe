"""Drawing a token from probabilities: rest odds, repetition penalty, top-k, temperature, top-p, then greedy or a draw."""

from libc.math cimport pow as c_pow
from libc.stdint cimport uint8_t


cdef enum:
    FEW = 16            # so many weights are put in order in one pass


cdef SamplingParams params_of(sampling) except *:
    cdef SamplingParams how
    (how.temperature, how.top_k, how.top_p, how.repetition_penalty, how.no_repeat_window, how.greedy,
     how.rest_odds) = sampling
    return how


cdef double shape(const double* probability, int n, const uint8_t* recent, const SamplingParams* how,
                  double* upto) except -1.0 nogil:
    """Fill upto[v] with the sum of the weights that values 0..v are drawn by; returns what all weights sum to."""
    cdef double best = 0.0, total = 0.0, seen = 0.0
    cdef int value, top = 0
    for value in range(n):
        upto[value] = probability[value]
    upto[0] = probability[0] * how.rest_odds
    if how.repetition_penalty != 1.0:
        for value in range(n):
            if recent[value] and upto[value] > 0.0:
                upto[value] = c_pow(upto[value], how.repetition_penalty)
    if how.greedy or how.temperature != 1.0:
        for value in range(n):
            if upto[value] > best:
                best = upto[value]
                top = value
    if how.greedy:
        for value in range(n):
            upto[value] = value >= top
        return 1.0
    if 0 < how.top_k < n:
        keep_largest(upto, n, how.top_k)
    if how.temperature != 1.0:
        for value in range(n):
            if upto[value] > 0.0:
                upto[value] = c_pow(upto[value] / best, 1.0 / how.temperature)
    for value in range(n):
        total += upto[value]
    if 0.0 < how.top_p < 1.0:
        total = keep_nucleus(upto, n, how.top_p * total)
    for value in range(n):
        seen += upto[value]
        upto[value] = seen
    return total


cdef int draw(const double* upto, int n, double target) except -1 nogil:
    """The first value whose weights sum to more than the target; the last of any weight where rounding leaves none."""
    cdef int value = 0
    while value < n - 1 and upto[value] <= target and upto[value] < upto[n - 1]:
        value += 1
    return value


cdef int keep_largest(double* weight, int n, int k) except -1 nogil:
    """Zero all but the k largest weights; those equal to the k-th stay."""
    cdef double largest[FEW]
    cdef double bar
    cdef int value, place, n_largest = 0
    if k > FEW:
        bar = kth_largest(weight, n, k)
    else:
        # The largest so far in falling order: few weights get past the last of them.
        for value in range(n):
            if n_largest == k and weight[value] <= largest[k - 1]:
                continue
            place = n_largest if n_largest < k else k - 1
            n_largest = place + 1
            while place > 0 and largest[place - 1] < weight[value]:
                largest[place] = largest[place - 1]
                place -= 1
            largest[place] = weight[value]
        bar = largest[k - 1]
    for value in range(n):
        if weight[value] < bar:
            weight[value] = 0.0
    return 0


cdef double kth_largest(const double* weight, int n, int k) except -1.0 nogil:
    """The k-th largest weight; 0 where fewer are above 0."""
    cdef double bar = 1e300, best  # the odds of a rest may lift a weight far above 1
    cdef int value, left = k
    while left > 0:
        best = 0.0
        for value in range(n):
            if best < weight[value] < bar:
                best = weight[value]
        if best == 0.0:
            return 0.0
        bar = best
        for value in range(n):
            left -= weight[value] == bar
    return bar


cdef double keep_nucleus(double* weight, int n, double enough) except -1.0 nogil:
    """Zero all but the fewest largest weights (ties by index) that sum to `enough`; returns what they sum to."""
    cdef int falling[FEW]
    cdef double total = 0.0
    cdef int value, place, n_some = 0, n_kept = 0
    for value in range(n):
        if weight[value] <= 0.0:
            continue
        if n_some == FEW:
            return keep_nucleus_of_many(weight, n, enough)
        place = n_some
        while place > 0 and weight[falling[place - 1]] < weight[value]:
            falling[place] = falling[place - 1]
            place -= 1
        falling[place] = value
        n_some += 1
    while total < enough and n_kept < n_some:
        total += weight[falling[n_kept]]
        n_kept += 1
    for place in range(n_kept, n_some):
        weight[falling[place]] = 0.0
    return total


cdef double keep_nucleus_of_many(double* weight, int n, double enough) except -1.0 nogil:
    """The same where there are too many weights to put in order."""
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
