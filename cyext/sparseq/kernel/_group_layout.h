/* Where rows stand in groups; see _groups.h. */
#ifndef SPARSEQ_GROUP_LAYOUT_H
#define SPARSEQ_GROUP_LAYOUT_H

#include <stdint.h>

enum {
    SPARSEQ_GROUP = 4,         /* rows of a group */
    SPARSEQ_GROUPS = 16,       /* groups of a strip */
    SPARSEQ_GROUP_ROWS = 2048  /* rows up to which a whole strip of one value is not the rule */
};

typedef struct {
    int n_strips;
    int32_t *from;    /* the row that each strip begins with */
    uint64_t *places; /* its places that a row has */
    uint8_t *low;     /* the counts at all places, a digit each; 0 where there is no row */
    uint8_t *high;
    int32_t *start; /* the groups of value v: start[v] .. start[v + 1] */
    uint64_t *upto;       /* the mass of all groups before each */
} sparseq_groups;

#endif
