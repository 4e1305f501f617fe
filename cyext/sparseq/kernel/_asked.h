#ifndef SPARSEQ_ASKED_H
#define SPARSEQ_ASKED_H

#include <stdint.h>

/* What a query compares: one entry for each slot that it knows. */
typedef struct {
    int32_t slot;
    int32_t code;
    int32_t weight;
    const uint16_t *table; /* distance from `code` to each token, or NULL: the weight where codes differ */
} sparseq_asked;

#endif
