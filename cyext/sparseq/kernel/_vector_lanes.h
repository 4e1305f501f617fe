/* WIDTH floats at a time. Included once for each processor level; LEVEL(name) tells the levels' functions apart. */

#if defined(__GNUC__) && !defined(SPARSEQ_PLAIN_LANES)
typedef float lanes __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
typedef int32_t ilanes __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));

INLINE lanes lanes_load(const float *p) { return *(const lanes *)p; }
INLINE void lanes_store(float *p, lanes a) { *(lanes *)p = a; }
INLINE lanes lanes_set(float x) { return x + (lanes){0}; }
INLINE lanes lanes_add(lanes a, lanes b) { return a + b; }
INLINE lanes lanes_sub(lanes a, lanes b) { return a - b; }
INLINE lanes lanes_muladd(lanes a, lanes b, lanes c) { return a * b + c; }
INLINE lanes lanes_scaleadd(float a, lanes b, lanes c) { return a * b + c; }
INLINE lanes lanes_pick(ilanes where, lanes a, lanes b) { return (lanes)((where & (ilanes)a) | (~where & (ilanes)b)); }
INLINE lanes lanes_max(lanes a, lanes b) { return lanes_pick(a > b, a, b); }
/* a times 2 to the power of the integer in the lowest bits of `biased`; then zero where x is below `floor`. */
INLINE lanes lanes_shift_exponent(lanes a, lanes biased) { return (lanes)((ilanes)a + ((ilanes)biased << 23)); }
INLINE lanes lanes_zero_below(lanes x, float floor, lanes a) { return lanes_pick(x < lanes_set(floor), lanes_set(0.0f), a); }
#else
typedef struct { float f[WIDTH]; } lanes;

INLINE lanes lanes_load(const float *p) { EACH_LANE(p[l]); }
INLINE void lanes_store(float *p, lanes a) { memcpy(p, a.f, sizeof a.f); }
INLINE lanes lanes_set(float x) { EACH_LANE(x); }
INLINE lanes lanes_add(lanes a, lanes b) { EACH_LANE(a.f[l] + b.f[l]); }
INLINE lanes lanes_sub(lanes a, lanes b) { EACH_LANE(a.f[l] - b.f[l]); }
INLINE lanes lanes_muladd(lanes a, lanes b, lanes c) { EACH_LANE(a.f[l] * b.f[l] + c.f[l]); }
INLINE lanes lanes_scaleadd(float a, lanes b, lanes c) { EACH_LANE(a * b.f[l] + c.f[l]); }
INLINE lanes lanes_max(lanes a, lanes b) { EACH_LANE(a.f[l] > b.f[l] ? a.f[l] : b.f[l]); }
INLINE float shift_exponent(float a, float biased)
{
    uint32_t bits, by;
    memcpy(&bits, &a, 4);
    memcpy(&by, &biased, 4);
    bits += by << 23;
    memcpy(&a, &bits, 4);
    return a;
}
INLINE lanes lanes_shift_exponent(lanes a, lanes biased) { EACH_LANE(shift_exponent(a.f[l], biased.f[l])); }
INLINE lanes lanes_zero_below(lanes x, float floor, lanes a) { EACH_LANE(x.f[l] < floor ? 0.0f : a.f[l]); }
#endif

INLINE float lanes_total(lanes a)
{
    float x[WIDTH];
    lanes_store(x, a);
    for (int half = WIDTH / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++) x[l] += x[l + half];
    return x[0];
}

INLINE float lanes_highest(lanes a)
{
    float x[WIDTH];
    lanes_store(x, a);
    for (int half = WIDTH / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++) x[l] = x[l] > x[l + half] ? x[l] : x[l + half];
    return x[0];
}

/* exp(x) for x <= 0, -infinity included, to about 2e-7 of its value; zero below -86, where floats end.
   x = n ln 2 + r: adding 1.5 * 2^23 leaves n in the lowest bits. Lowest exponent reached: -125. */
INLINE lanes lanes_exp(lanes x)
{
    const lanes magic = lanes_set(12582912.0f);
    lanes low = lanes_max(x, lanes_set(-86.0f));
    lanes biased = lanes_muladd(low, lanes_set(1.44269504f), magic);
    lanes n = lanes_sub(biased, magic);
    lanes r = lanes_muladd(n, lanes_set(-0.693359375f), low);
    lanes p = lanes_set(1.0f / 720.0f);
    r = lanes_muladd(n, lanes_set(2.12194440e-4f), r);
    p = lanes_muladd(p, r, lanes_set(1.0f / 120.0f));
    p = lanes_muladd(p, r, lanes_set(1.0f / 24.0f));
    p = lanes_muladd(p, r, lanes_set(1.0f / 6.0f));
    p = lanes_muladd(p, r, lanes_set(0.5f));
    p = lanes_muladd(p, r, lanes_set(1.0f));
    p = lanes_muladd(p, r, lanes_set(1.0f));
    return lanes_zero_below(x, -86.0f, lanes_shift_exponent(p, biased));
}
