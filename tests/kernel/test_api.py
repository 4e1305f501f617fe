"""Every call is checked before any work: refusals are clear, the same on both kernels, and nothing was written."""

import inspect
import math

import numpy as np
import pytest

from sparseq.errors import CapacityError, InputError
from sparseq.kernel import load
from sparseq.kernel.api import NO_ORIGIN, NOISE_ROWS
from sparseq.kernel.checks import EDGE, MASK
from sparseq.kernel.layout import constant_lane, make_layout
from sparseq.kernel.model import slot_model
from sparseq.kernel.rows import merge_rows
from sparseq.kernel.sampling import Sampling

# Lane 0 and 1 are decided, lane 2 is only read; three values of lane 0, two of lane 1, an alphabet of five.
LAYOUT = make_layout([[-1, 0], [-1, 0], [0, 0]], [[0, 2], [1, 0], [-1, -1]], [0, 1, -1])
MODEL = slot_model([2, 1], 0.5)


def rows_of(n_values, alphabet=5):
    return merge_rows([[0, 0], [1, 1], [1, 0]], [0, 1, n_values - 1], n_values, alphabet)


class Call:
    """Arguments that fit together; a test bends one of them."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.heads = [kernel.head(rows_of(3), MODEL, own_capacity=8), kernel.head(rows_of(2), MODEL, own_capacity=8)]
        self.layout = LAYOUT
        self.cells_tl = np.array([[2, 1, 4], [MASK, MASK, 0], [MASK, 0, 3]], np.uint16)
        self.cell_indices = np.array([3, 4, 6])
        self.left_s = [1, 0]
        self.noise_sk = np.ones((2, NOISE_ROWS))
        self.order = [0, 1]
        self.start, self.stop = 0, 3
        self.sampling = Sampling()
        self.seed, self.round_number = 1, 0
        self.allowed_tlv = np.ones((3, 3, 3), np.uint8)
        self.barred_b3, self.first_step = None, 0
        self.origins_tl, self.logp_tl = np.full((3, 3), NO_ORIGIN), np.zeros((3, 3))

    def exactly(self):
        """Turn lists of whole numbers into the arrays that loops take, as the engine hands them in."""
        for name, dtype in (("cell_indices", np.int64), ("order", np.int32), ("left_s", np.int64)):
            given = np.array(getattr(self, name))
            if given.dtype.kind == "i":
                setattr(self, name, given.astype(dtype))

    def keep(self):
        """Return copies of all that a call may write."""
        own = [head.n_own for head in self.heads if hasattr(head, "n_own")]
        return [np.array(x) for x in (self.cells_tl, self.origins_tl, self.logp_tl)], own

    def stream(self):
        self.kernel.stream(
            self.heads, self.layout, self.cells_tl, self.order, self.start, self.stop, self.sampling, self.seed,
            origins_tl=self.origins_tl, logp_tl=self.logp_tl, allowed_tlv=self.allowed_tlv, barred_b3=self.barred_b3,
            first_step=self.first_step,
        )  # fmt: skip

    def fill(self):
        self.kernel.fill(
            self.heads, self.layout, self.cells_tl, self.cell_indices, self.left_s, self.noise_sk, self.sampling,
            self.seed, self.round_number, origins_tl=self.origins_tl, logp_tl=self.logp_tl,
            allowed_tlv=self.allowed_tlv,
        )  # fmt: skip

    def likelihood(self):
        return self.kernel.likelihood(
            self.heads, self.layout, self.cells_tl, self.cell_indices, self.allowed_tlv, first_step=self.first_step
        )

    def remember(self):
        self.kernel.remember(self.heads, self.layout, self.cells_tl, self.cell_indices, first_step=self.first_step)


@pytest.fixture
def call(kernel):
    return Call(kernel)


def bent(array, at, value):
    out = np.array(array)
    out[at] = value
    return out


def read_only(array):
    out = np.array(array)
    out.flags.writeable = False
    return out


GRID = Call(load("reference")).cells_tl
FARTHEST = ((1 << 62) - GRID.size) // 3
OUT = np.zeros((3, 3))
NONE_ALLOWED = bent(np.ones((3, 3, 3), np.uint8), (1, 0), 0)
# Cell (1, 1) may only become value 2, which its lane's head does not have.
ONLY_FOREIGN = bent(np.ones((3, 3, 3), np.uint8), (1, 1), [0, 0, 1])
NARROW = make_layout([[-1], [-1], [0]], [[0], [1], [-1]], [0, 1, -1])
CONSTANT = make_layout([[-1, 0], [-1, 0], [0, 0]], [[0, constant_lane(5)], [1, 0], [-1, -1]], [0, 1, -1])
TOO_MANY_HEADS = make_layout(LAYOUT.dt_ls, LAYOUT.lane_ls, [0, 2, -1])
WRITABLE = "cells_tl: wanted a writable C-ordered uint16 array of shape (T, 3), got "
READABLE = "cells_tl: wanted a C-ordered uint16 array of shape (T, 3), got "

GRID_CALLS = ("stream", "fill", "likelihood", "remember")
DRAW_CALLS = ("stream", "fill")
REFUSALS = [
    # calls, the argument, bent to, the message
    (DRAW_CALLS, "cells_tl", GRID.astype(np.int64), WRITABLE + "int64 (3, 3)"),
    (DRAW_CALLS, "cells_tl", GRID[:, :2].copy(), WRITABLE + "uint16 (3, 2)"),
    (DRAW_CALLS, "cells_tl", GRID.T, WRITABLE + "uint16 (3, 3)"),
    (DRAW_CALLS, "cells_tl", read_only(GRID), WRITABLE + "uint16 (3, 3)"),
    (DRAW_CALLS, "cells_tl", GRID.tolist(), WRITABLE + "list"),
    (DRAW_CALLS, "cells_tl", None, WRITABLE + "NoneType"),
    (("likelihood", "remember"), "cells_tl", GRID.tolist(), READABLE + "list"),
    (GRID_CALLS, "cells_tl", bent(GRID, (0, 2), 5), "cells_tl: wanted tokens 0 to 4, got 5"),
    (GRID_CALLS, "cells_tl", bent(GRID, (2, 2), 65533), "cells_tl: wanted tokens 0 to 4, got 65533"),
    (GRID_CALLS, "heads", [], "heads: wanted 2, got 0"),
    (GRID_CALLS, "heads", [None, None], "heads: wanted heads of this kernel, got NoneType"),
    (GRID_CALLS, "layout", TOO_MANY_HEADS, "heads: wanted 3, got 2"),
    (GRID_CALLS, "layout", NARROW, "layout: wanted room for the 2 slots of every head, got 1"),
    (GRID_CALLS, "layout", CONSTANT, "layout: wanted constant codes 0 to 4, got 5"),
    (("fill", "likelihood", "remember"), "cell_indices", [9], "cell_indices: wanted 0 to 8, got 9 to 9"),
    (("fill", "likelihood", "remember"), "cell_indices", [-1], "cell_indices: wanted 0 to 8, got -1 to -1"),
    (("fill", "likelihood", "remember"), "cell_indices", [[3]], "cell_indices: wanted 1 dimensions, got 2"),
    (("fill", "likelihood", "remember"), "cell_indices", [3.0],
     "cell_indices: wanted whole numbers, got dtype float64"),
    (("fill", "likelihood", "remember"), "cell_indices", [2],
     "cell_indices: wanted cells of lanes that have a head, got one that is only read"),
    (("fill",), "cell_indices", [0], "cell_indices: wanted masked cells, each once, got a known or a repeated one"),
    (("fill",), "cell_indices", [3, 3], "cell_indices: wanted masked cells, each once, got a known or a repeated one"),
    (("remember",), "cell_indices", [3],
     "cell_indices: wanted cells that hold a token of their lane, got a masked one or another"),
    (("stream",), "order", [0, 2], "order: wanted lanes that have a head, got 2, which is only read"),
    (("stream",), "order", [0, 3], "order: wanted 0 to 2, got 0 to 3"),
    (("stream",), "order", [0, 0], "order: wanted each lane once, got 0 repeated"),
    (("stream",), "start", -1, "start: wanted a whole number 0 to 3, got -1"),
    (("stream",), "stop", 4, "stop: wanted a whole number 0 to 3, got 4"),
    (("stream",), "start", 1.0, "start: wanted a whole number 0 to 3, got 1.0"),
    (("stream",), "cells_tl", bent(GRID, (2, 0), 3),
     "cells_tl: wanted tokens 0 to 2 or the mask in lane 0, got 3 at step 2"),
    (("stream",), "cells_tl", bent(GRID, (2, 1), 2),
     "cells_tl: wanted tokens 0 to 1 or the mask in lane 1, got 2 at step 2"),
    (("stream",), "cells_tl", bent(GRID, (0, 1), EDGE),
     "cells_tl: wanted tokens 0 to 1 or the mask in lane 1, got 65534 at step 0"),
    (("fill",), "left_s", [1], "left_s: wanted falling counts that end in 0"),
    (("fill",), "left_s", [], "left_s: wanted falling counts that end in 0"),
    (("fill",), "left_s", [1, 2, 0], "left_s: wanted falling counts that end in 0"),
    (("fill",), "left_s", [4, 0], "left_s: wanted 0 to 3, got 0 to 4"),
    (("fill",), "noise_sk", np.ones((1, NOISE_ROWS)), "noise_sk: wanted shape (2, 1024), got (1, 1024)"),
    (("fill",), "noise_sk", [[None]], "noise_sk: wanted finite numbers, got dtype object"),
    (("fill",), "noise_sk", bent(np.ones((2, NOISE_ROWS)), (1, 7), math.nan),
     "noise_sk: wanted finite numbers, got NaN or infinity"),
    (("fill",), "noise_sk", bent(np.ones((2, NOISE_ROWS)), (1, 7), math.inf),
     "noise_sk: wanted finite numbers, got NaN or infinity"),
    (("fill",), "round_number", -1, "round_number: wanted a whole number 0 to 2147483648, got -1"),
    (DRAW_CALLS, "seed", -1, "seed: wanted a whole number 0 to 18446744073709551615, got -1"),
    (DRAW_CALLS, "seed", 1 << 64, f"seed: wanted a whole number 0 to 18446744073709551615, got {1 << 64}"),
    (DRAW_CALLS, "seed", 1.5, "seed: wanted a whole number 0 to 18446744073709551615, got 1.5"),
    (DRAW_CALLS, "origins_tl", OUT, "origins_tl: wanted a writable C-ordered int64 array of shape (3, 3)"),
    (DRAW_CALLS, "origins_tl", read_only(OUT.astype(np.int64)),
     "origins_tl: wanted a writable C-ordered int64 array of shape (3, 3)"),
    (DRAW_CALLS, "logp_tl", OUT[:2].copy(), "logp_tl: wanted a writable C-ordered float64 array of shape (3, 3)"),
    (DRAW_CALLS, "logp_tl", np.zeros((6, 3))[::2],
     "logp_tl: wanted a writable C-ordered float64 array of shape (3, 3)"),
    (DRAW_CALLS, "logp_tl", None, "logp_tl: wanted a writable C-ordered float64 array of shape (3, 3)"),
    (("stream", "fill", "likelihood"), "allowed_tlv", np.ones((3, 3, 2), np.uint8),
     "allowed_tlv: wanted shape (3, 3, 3) or (3, 3), got (3, 3, 2)"),
    (("stream", "fill", "likelihood"), "allowed_tlv", np.ones((2, 3), np.uint8),
     "allowed_tlv: wanted shape (3, 3, 3) or (3, 3), got (2, 3)"),
    (("stream", "fill", "likelihood"), "allowed_tlv", np.uint8(1),
     "allowed_tlv: wanted shape (3, 3, 3) or (3, 3), got ()"),
    (("stream",), "barred_b3", [[0, 1]], "barred_b3: wanted lines of lane, token before, token, got lines of 2"),
    (("stream",), "barred_b3", [0, 1, 2], "barred_b3: wanted 2 dimensions, got 1"),
    (("stream",), "barred_b3", [[2, 0, 0]], "barred_b3: wanted lanes that have a head, got 2"),
    (("stream",), "barred_b3", [[3, 0, 0]], "barred_b3: wanted lanes that have a head, got 3"),
    (("stream",), "barred_b3", [[1, 0, 2]], "barred_b3: wanted tokens 0 to 1 in lane 1, got 2"),
    (("stream",), "barred_b3", [[0, -1, 0]], "barred_b3: wanted 0 to 65534, got -1 to 0"),
    (("stream",), "barred_b3", [[0, 1, 0], [0, 1, 1], [0, 1, 2]],
     "barred_b3: wanted a token left in lane 0 after 1 at step 1, got none allowed"),
    (("stream", "likelihood", "remember"), "first_step", -1,
     f"first_step: wanted a whole number 0 to {FARTHEST}, got -1"),
    (("stream", "likelihood", "remember"), "first_step", 1 << 62,
     f"first_step: wanted a whole number 0 to {FARTHEST}, got {1 << 62}"),
    (("stream", "fill", "likelihood"), "allowed_tlv", np.ones((3, 3, 3)),
     "allowed_tlv: wanted bool or uint8, got float64"),
    (("stream", "fill", "likelihood"), "allowed_tlv", np.full((3, 3, 3), 256),
     "allowed_tlv: wanted bool or uint8, got int64"),
    (("stream", "fill", "likelihood"), "allowed_tlv", NONE_ALLOWED,
     "allowed_tlv: wanted at least one of the 3 values of lane 0 at step 1, got none"),
    (("stream", "fill", "likelihood"), "allowed_tlv", ONLY_FOREIGN,
     "allowed_tlv: wanted at least one of the 2 values of lane 1 at step 1, got none"),
    *[
        (DRAW_CALLS, "sampling", Sampling()._replace(**{name: bad}), f"{name}: {wanted}, got {bad!r}")
        for name, wanted, bads in [
            ("temperature", "wanted a number above 0 up to 100", [math.nan, math.inf, 0.0, -1.0, 101.0, "1"]),
            ("top_k", "wanted a whole number 0 to 65535", [-1, 1.5, math.nan, 65536]),
            ("top_p", "wanted a number 0 to 1", [math.nan, -0.1, 1.1, math.inf]),
            ("repetition_penalty", "wanted a number 1 to 50", [math.nan, math.inf, 0.9, 51.0]),
            ("no_repeat_window", "wanted a whole number 0 to 1073741824", [-1, 2.0, 1 << 31]),
            ("greedy", "wanted True or False", [math.nan, 1, "no"]),
        ]
        for bad in bads
    ],
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "argument", "value", "message"),
    [
        pytest.param(name, argument, value, message, id=f"{name}-{argument}-{i}")
        for i, (names, argument, value, message) in enumerate(REFUSALS)
        for name in names
    ],
)
@pytest.mark.parametrize("exact", [False, True], ids=["lists", "arrays"])
def test_what_does_not_fit_is_refused_before_anything_is_written(call, name, argument, value, message, exact):
    setattr(call, argument, value)
    if exact:
        call.exactly()
    before, own_before = call.keep()
    with pytest.raises(InputError) as caught:
        getattr(call, name)()
    assert str(caught.value) == message
    after, own_after = call.keep()
    assert own_after == own_before
    for was, is_now in zip(before, after, strict=True):
        np.testing.assert_array_equal(is_now, was)


@pytest.mark.parametrize("name", ["stream", "fill", "likelihood"])
def test_arguments_that_fit_are_accepted(call, name):
    """The base of every refusal above is a call that passes."""
    getattr(call, name)()
    if name != "likelihood":
        assert (call.cells_tl != MASK).all()


@pytest.mark.parametrize("exact", [False, True])
def test_the_quick_look_passes_what_the_engine_hands_in_and_nothing_else(exact):
    """A quick look that never says yes costs more than the checks that it saves."""
    call = Call(load("native"))
    call.cell_indices, held = call.cell_indices.tolist(), [0, 1]
    if exact:
        call.exactly()
        held = np.array(held)
    loops, grid, out = call.kernel._loops, (call.heads, call.layout, call.cells_tl), (call.origins_tl, call.logp_tl)
    schedule = (call.left_s, call.noise_sk, NOISE_ROWS, 1, 0)
    found = [
        loops.columns_fit(*grid, call.order, 0, 3, 1, 0, *out),
        loops.hole_fits(*grid, call.cell_indices, *schedule, *out),
        loops.cells_fit(*grid, call.cell_indices, 0),
        loops.held_cells_fit(*grid, held, 0),
    ]
    assert found == [exact] * 4


@pytest.mark.parametrize("name", ["fill", "likelihood", "stream"])
def test_a_cell_that_is_not_asked_for_needs_no_allowed_value(call, name):
    call.allowed_tlv[0] = 0
    call.allowed_tlv[:, 2] = 0
    getattr(call, name)()


def test_a_forbidden_value_never_appears(call):
    call.allowed_tlv[:, :, 0] = 0
    call.stream()
    assert 0 not in call.cells_tl[1, :2]
    assert call.cells_tl[2, 0] != 0


def test_arrays_that_are_only_read_may_be_read_only(call):
    for name in ("noise_sk", "allowed_tlv"):
        setattr(call, name, read_only(getattr(call, name)))
    call.cell_indices = read_only(call.cell_indices)
    call.left_s = read_only(np.array(call.left_s))
    call.fill()
    call.cells_tl = read_only(call.cells_tl)
    call.likelihood()
    call.remember()
    assert [head.n_own for head in call.heads] == [2, 1]


def test_what_a_head_is_built_over_is_read_only(call):
    """What a head was built over cannot be bent afterwards, past its checks."""
    held = [call.layout.lane_ls, MODEL.weights_s, MODEL.softmax_table, rows_of(2).keys_sn, rows_of(2).value_start_v]
    assert not any(array.flags.writeable for array in held)


def test_stream_refuses_values_that_the_contexts_cannot_hold(call):
    """A token that a key has no code for would read as another one, or as the edge."""
    wide = call.kernel.head(rows_of(9, alphabet=5), MODEL)
    call.heads = [wide, call.heads[1]]
    call.allowed_tlv = None
    for name in DRAW_CALLS:
        with pytest.raises(InputError) as caught:
            getattr(call, name)()
        assert str(caught.value) == "heads: wanted values within the 5 tokens that every head reads, got 9 values"


def test_grid_cells_that_no_context_reaches_are_not_looked_at(call):
    """A long stream is checked where it reads, not from its beginning each step."""
    far = np.zeros((40, 3), np.uint16)
    far[0] = 60000
    far[38:, :2] = MASK
    call.cells_tl, call.start, call.stop, call.allowed_tlv = far, 38, 40, None
    call.origins_tl, call.logp_tl = np.full(far.shape, NO_ORIGIN), np.zeros(far.shape)
    call.stream()
    assert (far[38:] != MASK).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"own_capacity": -1}, "own_capacity: wanted a whole number 0 to 16777216, got -1"),
        ({"own_capacity": 1.0}, "own_capacity: wanted a whole number 0 to 16777216, got 1.0"),
        ({"own_weight": 0}, "own_weight: wanted a whole number 1 to 1048576, got 0"),
        ({"own_weight": math.nan}, "own_weight: wanted a whole number 1 to 1048576, got nan"),
        ({"model": slot_model([1], 1.0)}, "model: wanted 2 slot weights, got 1"),
        (
            {"model": slot_model([1, 1], 1.0, similarity={0: np.zeros((6, 6))})},
            "model: wanted similarity tables of up to 5 tokens, the alphabet of the rows, got 6",
        ),
    ],
)
def test_a_head_of_numbers_that_do_not_fit_is_refused(kernel, arguments, message):
    with pytest.raises(InputError) as caught:
        kernel.head(**{"rows": rows_of(3), "model": MODEL} | arguments)
    assert str(caught.value) == message


def test_more_weight_than_the_integer_softmax_can_sum_is_refused(kernel):
    kernel.head(rows_of(2), MODEL, own_capacity=(1 << 7) - 1, own_weight=1 << 20)
    with pytest.raises(CapacityError, match=r"^rows: wanted a total weight under 134217728, got 134217731; use fewer"):
        kernel.head(rows_of(2), MODEL, own_capacity=1 << 7, own_weight=1 << 20)


def test_heads_of_the_other_kernel_are_refused():
    native, reference = load("native"), load("reference")
    for kernel, other in ((native, reference), (reference, native)):
        call = Call(kernel)
        call.heads = Call(other).heads
        with pytest.raises(InputError, match=r"^heads: wanted heads of this kernel, got SlotHead$"):
            call.stream()


def test_numpy_numbers_mean_what_python_numbers_mean(kernel):
    """A float32 temperature would otherwise compute in float32 on one kernel and in float64 on the other."""
    plain, numpy = Call(kernel), Call(kernel)
    plain.sampling = Sampling(temperature=0.5, top_k=2, top_p=0.75)
    numpy.sampling = Sampling(np.float32(0.5), np.int64(2), np.float16(0.75), np.float64(1), np.uint8(0), np.False_)
    plain.seed, numpy.seed = 3, np.uint64(3)
    for call in (plain, numpy):
        call.stream()
    np.testing.assert_array_equal(plain.cells_tl, numpy.cells_tl)
    np.testing.assert_array_equal(plain.logp_tl, numpy.logp_tl)


def test_a_float32_parameter_is_the_same_number_on_both_kernels(world):
    low = 0
    for seed in range(40):
        found = []
        for name in ("native", "reference"):
            w = world(seed)
            w.sampling = w.sampling._replace(temperature=np.float32(0.7), top_p=np.float32(0.6), top_k=0, greedy=False)
            cells, origins, logp = w.outputs()
            kernel = load(name)
            kernel.stream(w.heads(kernel), w.layout, cells, w.lanes, 0, len(cells), w.sampling, w.seed,
                          origins_tl=origins, logp_tl=logp, allowed_tlv=w.allowed_tlv)  # fmt: skip
            found.append(cells)
        np.testing.assert_array_equal(*found)
        low += len(w.masked)
    assert low > 100


@pytest.mark.parametrize("name", DRAW_CALLS)
def test_a_token_that_no_row_holds_has_no_origin_whatever_stood_there(kernel, name):
    """Cells are filled again in later rounds: an origin must not outlive the token it belongs to."""
    call = Call(kernel)
    nothing = merge_rows(np.zeros((0, 2), np.uint16), [], 3, 5)
    call.heads = [kernel.head(nothing, MODEL), kernel.head(nothing, MODEL)]
    call.origins_tl[:] = 7
    getattr(call, name)()
    assert call.origins_tl.reshape(-1)[[3, 4, 6]].tolist() == [NO_ORIGIN] * 3
    assert (np.delete(call.origins_tl.reshape(-1), [3, 4, 6]) == 7).all()


def test_both_head_classes_have_the_same_public_names():
    public = [
        {name for name in dir(load(kernel).head(rows_of(2), MODEL)) if not name.startswith("_")}
        for kernel in ("native", "reference")
    ]
    assert public[0] == public[1]


def test_both_sets_of_loops_have_the_same_names_and_parameters():
    for name in GRID_CALLS:
        native, plain = (inspect.signature(getattr(load(k)._loops, name)) for k in ("native", "reference"))
        assert list(native.parameters) == list(plain.parameters)
