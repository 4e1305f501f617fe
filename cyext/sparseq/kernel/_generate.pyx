"""The generation loops over a grid: stream, fill, remember, likelihood. One Python call a run, not a cell."""

import numpy as np

from libc.math cimport log as c_log
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from sparseq.kernel._draw cimport SamplingParams, draw, params_of
from sparseq.kernel._hole cimport Hole, HoleArrays
from sparseq.kernel._philox cimport philox4x32, uniform53
from sparseq.kernel._slots cimport EDGE_CELL, MASK_CELL, Head, SlotHead, ask, code_of_cell, origin_of, predict, remember
