"""The layout's arithmetic against the obvious, slow way."""

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from penstock.asl.render.arithmetic import inversions, spread


@given(st.lists(st.integers(0, 20), max_size=40))
def test_inversions_are_the_pairs_in_the_wrong_order(values):
    assert inversions(values) == sum(a > b for a, b in combinations(values, 2))


places = st.tuples(st.floats(-1e3, 1e3), st.floats(0.1, 10), st.floats(0, 100))


@given(st.lists(places, min_size=1, max_size=12))
def test_spread_keeps_the_gaps_and_moves_nothing_without_need(found):
    wanted, weights, gaps = ([each[i] for each in found] for i in range(3))
    result = spread(wanted, weights, gaps[1:])
    for (a, b), gap in zip(pairwise(result), gaps[1:], strict=True):
        assert b - a >= gap - 1e-6
    if all(b - a >= gap for (a, b), gap in zip(pairwise(wanted), gaps[1:], strict=True)):
        assert all(abs(a - b) < 1e-6 for a, b in zip(wanted, result, strict=True))


@given(st.lists(places, min_size=2, max_size=8), st.integers(0, 7), st.floats(-5, 5))
def test_no_other_places_are_nearer_to_the_wanted_ones(found, number, step):
    """The least squares: moving everything from one place on never helps."""
    wanted, weights, gaps = ([each[i] for each in found] for i in range(3))
    result = spread(wanted, weights, gaps[1:])

    def cost(at: list[float]) -> float:
        return sum(w * (a - b) ** 2 for w, a, b in zip(weights, wanted, at, strict=True))

    number %= len(result)
    moved = [x + (abs(step) if place >= number else 0) for place, x in enumerate(result)]
    assert cost(result) <= cost(moved) + 1e-3
