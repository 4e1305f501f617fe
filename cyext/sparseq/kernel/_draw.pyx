"""Drawing a token from probabilities: rest odds, repetition penalty, top-k, temperature, top-p, then greedy or a draw."""

from libc.math cimport pow as c_pow
from libc.stdint cimport int32_t, uint8_t

cdef extern from "_few.h" nogil:
    unsigned candidates(const double*, int, double, unsigned, double, int)
    unsigned bits_of(const uint8_t*, int)
    void order_few(const double*, int, int32_t*)

cdef extern from "_bits.h" nogil:
    int lowest_bit(unsigned)


cdef SamplingParams params_of(sampling) except *:
    cdef SamplingParams how
    (how.temperature, how.top_k, how.top_p, how.repetition_penalty, how.no_repeat_window, how.greedy,
     how.rest_odds) = sampling
    return how


cdef int shape(const double* probability, int n, const uint8_t* recent, const SamplingParams* how,
               Weights* out) except -1 nogil:
    """Fill `out`, which has room for n values, with what a token is drawn by."""
    if how.greedy:
        return take_best(probability, n, recent, how, out)
    if n <= FEW and 0 < how.top_k < n:
        take_few(probability, n, recent, how, out)
    else:
        take_all(probability, n, recent, how, out)
    if out.n <= FEW:
        return cut_few(out, how)
    if 0 < how.top_k < out.n:
        keep_largest(out, how.top_k)
    if how.temperature != 1.0:
        heat(out, 1.0 / how.temperature)
    out.total = sum_of(out)
    if 0.0 < how.top_p < 1.0:
        keep_nucleus(out, how.top_p * out.total)
    return sum_up(out)


cdef int cut_few(Weights* out, const SamplingParams* how) except -1 nogil:
    """Top-k, temperature and top-p of few weights, by their order: those left out are 0."""
    cdef int32_t falling[FEW]
    cdef bint kept
    cdef int rank, n = out.n
    cdef double enough, total = 0.0
    order_few(out.upto, n, falling)
    if 0 < how.top_k < n:
        rank = how.top_k
        while rank < n and out.upto[falling[rank]] == out.upto[falling[how.top_k - 1]]:
            rank += 1
        for rank in range(rank, n):
            out.upto[falling[rank]] = 0.0
    if how.temperature != 1.0:
        heat(out, 1.0 / how.temperature)
        order_few(out.upto, n, falling)
    out.total = sum_of(out)
    if 0.0 < how.top_p < 1.0:
        enough = how.top_p * out.total
        for rank in range(n):
            kept = total < enough
            out.upto[falling[rank]] = out.upto[falling[rank]] if kept else 0.0
            total += out.upto[falling[rank]]
        out.total = total
    drop_none(out)
    return sum_up(out)


cdef inline double sum_of(const Weights* out) noexcept nogil:
    cdef double total = 0.0
    cdef int place
    for place in range(out.n):
        total += out.upto[place]
    return total


cdef inline int sum_up(Weights* out) noexcept nogil:
    """Put the sum up to each weight in its place."""
    cdef double seen = 0.0
    cdef int place
    for place in range(out.n):
        seen += out.upto[place]
        out.upto[place] = seen
    return 0


# Up to the sums, upto holds the weights themselves.

cdef inline double weight_of(const double* probability, int value, const uint8_t* recent,
                             const SamplingParams* how) noexcept nogil:
    cdef double weight = probability[value] if value else probability[0] * how.rest_odds
    if how.repetition_penalty != 1.0 and recent[value] and weight > 0.0:
        weight = c_pow(weight, how.repetition_penalty)
    return weight


cdef inline void put(Weights* out, int value, double weight) noexcept nogil:
    """Append a value of some weight: without a branch, which would be guessed wrong."""
    out.value[out.n] = value
    out.upto[out.n] = weight
    out.n += weight > 0.0


cdef int take_best(const double* probability, int n, const uint8_t* recent, const SamplingParams* how,
                   Weights* out) except -1 nogil:
    """The first value of the largest weight alone."""
    cdef double best = 0.0, weight
    cdef int value
    out.n, out.value[0], out.upto[0], out.total = 1, 0, 1.0, 1.0
    for value in range(n):
        weight = weight_of(probability, value, recent, how)
        if weight > best:
            best, out.value[0] = weight, value
    return 0


cdef int take_all(const double* probability, int n, const uint8_t* recent, const SamplingParams* how,
                  Weights* out) except -1 nogil:
    cdef int value
    out.n = 0
    for value in range(n):
        put(out, value, weight_of(probability, value, recent, how))
    return 0


cdef int take_few(const double* probability, int n, const uint8_t* recent, const SamplingParams* how,
                  Weights* out) except -1 nogil:
    """Those alone that may be among the k largest: the power of each other weight is for nothing."""
    cdef bint penalised = how.repetition_penalty != 1.0
    cdef unsigned seen = bits_of(recent, n) if penalised else 0, left
    cdef int value
    left = candidates(probability, n, how.rest_odds, seen, how.repetition_penalty, how.top_k)
    out.n = 0
    while left:
        value = lowest_bit(left)
        left &= left - 1
        put(out, value, weight_of(probability, value, recent, how))
    return 0


cdef int keep_if_at_least(Weights* out, double bar) except -1 nogil:
    cdef int place, n = out.n
    out.n = 0
    for place in range(n):
        out.value[out.n] = out.value[place]
        out.upto[out.n] = out.upto[place]
        out.n += out.upto[place] >= bar
    return 0


cdef int keep_largest(Weights* out, int k) except -1 nogil:
    """Keep the k largest weights; those equal to the k-th stay."""
    cdef double largest[FEW]
    cdef int place, at, n_largest = 0
    if k > FEW:
        return keep_if_at_least(out, kth_largest(out, k))
    # The largest so far in falling order: few weights get past the last of them.
    for place in range(out.n):
        if n_largest == k and out.upto[place] <= largest[k - 1]:
            continue
        at = n_largest if n_largest < k else k - 1
        n_largest = at + 1
        while at > 0 and largest[at - 1] < out.upto[place]:
            largest[at] = largest[at - 1]
            at -= 1
        largest[at] = out.upto[place]
    return keep_if_at_least(out, largest[k - 1])


cdef double kth_largest(const Weights* out, int k) except -1.0 nogil:
    """The k-th largest weight, of more than k."""
    cdef double bar = 1e300, best  # the odds of a rest may lift a weight far above 1
    cdef int place, left = k
    while left > 0:
        best = 0.0
        for place in range(out.n):
            if best < out.upto[place] < bar:
                best = out.upto[place]
        bar = best
        for place in range(out.n):
            left -= out.upto[place] == bar
    return bar


cdef int heat(Weights* out, double power) except -1 nogil:
    """Raise weights, as shares of the largest, to a power."""
    cdef double best = 0.0
    cdef int place
    for place in range(out.n):
        best = max(best, out.upto[place])
    for place in range(out.n):
        if out.upto[place] > 0.0:
            out.upto[place] = c_pow(out.upto[place] / best, power)
    return 0


cdef int keep_nucleus(Weights* out, double enough) except -1 nogil:
    """Keep the fewest largest weights (ties by value) that sum to `enough`; what they sum to becomes the total."""
    cdef double total = 0.0, best
    cdef int place, top
    while total < enough:
        top = -1
        best = 0.0
        for place in range(out.n):
            if out.upto[place] > best:
                best = out.upto[place]
                top = place
        if top < 0:
            break
        total += best
        out.upto[top] = -best
    for place in range(out.n):
        out.upto[place] = -out.upto[place] if out.upto[place] < 0.0 else 0.0
    out.total = total
    return drop_none(out)


cdef int drop_none(Weights* out) except -1 nogil:
    """Drop weights of 0."""
    cdef int place, n = out.n
    out.n = 0
    for place in range(n):
        put(out, out.value[place], out.upto[place])
    return 0
