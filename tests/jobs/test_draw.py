"""Which loops are drawn where there are too many."""

from hypothesis import given
from hypothesis import strategies as st

from sparseq.jobs.draw import Candidate, Draw

candidates = st.lists(
    st.builds(
        Candidate,
        st.tuples(st.sampled_from(["4/4", "3/4"]), st.sampled_from([3, 4])),
        st.integers(1, 100),
        st.sets(st.sampled_from(["drums", "bass", "lead"]), min_size=1),
    ),
    min_size=1,
    max_size=30,
)


def loops(n, count=("4/4", 4), n_steps=10, parts=("drums",)):
    return [Candidate(count, n_steps, parts)] * n


@given(candidates, st.integers(0, 2**64 - 1), st.integers(1, 300))
def test_the_drawn_are_of_one_count_and_no_longer_than_there_is_room(found, seed, most):
    drawn = Draw(seed, most_steps=most).drawn(found)
    assert drawn == sorted(set(drawn))
    assert len({found[index].counted for index in drawn}) == 1
    assert len(drawn) == 1 or sum(found[index].n_steps for index in drawn) <= most


@given(candidates, st.integers(0, 99))
def test_a_seed_draws_the_same_again(found, seed):
    assert Draw(seed, most_steps=50).drawn(found) == Draw(seed, most_steps=50).drawn(found)


@given(candidates, st.integers(0, 99))
def test_only_loops_with_a_part_that_is_wanted_are_drawn(found, seed):
    assert all("bass" in found[index].parts for index in Draw(seed, frozenset({"bass"}), 50).drawn(found))


def test_loops_in_the_meter_that_is_asked_for_come_before_more_in_another():
    found = loops(2, ("3/4", 4)) + loops(3)
    assert Draw(5, meter="3/4").drawn(found) == [0, 1]
    assert Draw(5, meter="7/8").drawn(found) == [2, 3, 4]


def test_where_there_is_room_all_of_the_largest_group_are_drawn():
    found = loops(2, ("3/4", 4)) + loops(3) + loops(1, ("4/4", 3))
    assert Draw(5).drawn(found) == [2, 3, 4]
    assert not Draw(5).is_needed(found)
    assert Draw(5, most_steps=59).is_needed(found)


def test_seeds_draw_different_loops_and_every_loop_sometimes():
    draws = [tuple(Draw(seed, most_steps=50).drawn(loops(12))) for seed in range(40)]
    assert all(len(drawn) == 5 for drawn in draws)
    assert len(set(draws)) > 30
    assert {index for drawn in draws for index in drawn} == set(range(12))


def test_the_numbers_are_the_same_on_every_machine():
    assert Draw(7, most_steps=50).drawn(loops(12)) == [3, 6, 8, 10, 11]
