from sparseq.jobs.examples import LOOP_BARS, is_loop, lanes_of, largest_group
from sparseq.jobs.loading import load_examples


def test_the_largest_group_is_kept_and_of_equals_the_first(rock_loop):
    paths = [rock_loop(f"{k}.mid", meter=meter) for k, meter in enumerate([(4, 4), (3, 4), (3, 4), (4, 4)])]
    examples = load_examples(paths)
    kept = largest_group(examples, lambda example: example.meter, "another meter")
    assert [example.name for example in kept.used] == [paths[0], paths[3]]
    assert kept.skipped == ((paths[1], "another meter"), (paths[2], "another meter"))


def test_lanes_stand_in_the_order_of_the_table(rock_loop):
    scores = [example.score for example in load_examples([rock_loop()]).used]
    assert lanes_of(scores) == ("kick", "snare", "closed_hat")
    assert lanes_of([]) == ()


def test_only_a_short_file_goes_round(rock_loop):
    (short,) = load_examples([rock_loop("a.mid", LOOP_BARS)]).used
    (long,) = load_examples([rock_loop("b.mid", LOOP_BARS + 1)]).used
    assert is_loop(short.grid(("kick",)))
    assert not is_loop(long.grid(("kick",)))
