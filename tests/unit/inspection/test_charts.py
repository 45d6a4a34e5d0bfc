from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer_cli.inspection.charts import Chart, Series, number, ticks

FINITE = st.floats(-1e9, 1e9, allow_nan=False)


@given(FINITE, FINITE)
def test_ticks_are_at_equal_distances_and_reach_around_both_ends(one, other):
    low, high = min(one, other), max(one, other)

    found = ticks(low, high)

    span = found[-1] - found[0]
    assert 2 <= len(found) <= 8
    assert found[0] <= low + 1e-6 * span
    assert found[-1] >= high - 1e-6 * span
    steps = [after - before for before, after in pairwise(found)]
    assert steps == pytest.approx([steps[0]] * len(steps), rel=1e-3)


def test_ticks_are_round():
    assert ticks(0, 956) == [0, 250, 500, 750, 1000]
    assert ticks(0.0004, 0.003) == [0, 0.001, 0.002, 0.003]


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (12345.6, "12,346"), (1.23456, "1.235"), (0.00012, "1.2e-04")])
def test_numbers_are_short(value, text):
    assert number(value) == text


def test_points_are_placed_in_proportion():
    drawing = Chart("t", "x", (Series("a", ((0, 0), (5, 50), (10, 100))),)).drawing()

    assert drawing is not None
    (left, bottom), (middle, half), (right, top) = [point[:2] for point in drawing["series"][0]["points"]]
    frame = drawing["frame"]
    assert (left, right, top, bottom) == (frame["left"], frame["right"], frame["top"], frame["bottom"])
    assert (middle, half) == ((left + right) / 2, (top + bottom) / 2)
    assert drawing["series"][0]["line"] == f"{left},{bottom} {middle},{half} {right},{top}"


def test_a_single_point_and_equal_points_can_be_drawn():
    for points in (((3.0, 7.0),), ((1.0, 5.0), (2.0, 5.0))):
        drawing = Chart("t", "x", (Series("a", points),)).drawing()
        assert drawing is not None
        assert len(drawing["series"][0]["points"]) == len(points)


def test_nothing_to_draw_is_no_drawing():
    assert Chart("t", "x", (Series("a", ()),)).drawing() is None


def test_of_a_long_line_points_at_equal_distances_are_drawn_and_the_ends_are_among_them():
    points = tuple((float(i), float(i % 7)) for i in range(5000))

    drawing = Chart("t", "x", (Series("a", points),)).drawing()

    assert drawing is not None
    drawn = drawing["series"][0]["points"]
    assert len(drawn) == 400
    assert (drawn[0][2], drawn[-1][2]) == ("0", "4,999")


def test_dots_are_all_drawn():
    points = tuple((float(i), 1.0) for i in range(900))

    drawing = Chart("t", "x", (Series("a", points),), dots=True).drawing()

    assert drawing is not None
    assert len(drawing["series"][0]["points"]) == 900


def test_a_mark_past_the_last_point_is_in_the_picture():
    drawing = Chart("t", "x", (Series("a", ((0, 1), (10, 2))),), marks=((12, "version 1"),)).drawing()

    assert drawing is not None
    assert drawing["marks"] == [(drawing["frame"]["right"], "version 1")]
