"""What is slow is let go on, what stands is given up."""

from __future__ import annotations

from pinatakit.client._pace import Pace, Slices


def test_what_moves_fast_enough_never_stalls():
    pace = Pace(1000, 60)
    assert all(pace.stalled(1000, 1.0) is None for _ in range(1000))


def test_what_trickles_has_stalled_after_the_window():
    pace = Pace(1000, 60)
    told = [pace.stalled(10, 1.0) for _ in range(60)]
    assert told == [None] * 59 + [10.0]


def test_a_pause_is_no_stall_where_enough_has_come():
    pace = Pace(1000, 60)
    assert pace.stalled(1_000_000, 0.1) is None
    assert pace.stalled(1, 59.9) is None
    assert pace.stalled(1, 60.0) is not None  # what came before the window does not count


def test_none_is_too_slow_where_any_speed_will_do():
    pace = Pace(0, 1)
    assert pace.stalled(0, 1000.0) is None


def test_slices_grow_on_a_fast_network_and_shrink_on_a_slow_one():
    slices = Slices()
    assert slices.size == 64 << 10
    for _ in range(10):
        slices.took(0.001)
    assert slices.size == 1 << 20
    slices.took(0.7)
    assert slices.size == 1 << 20
    for _ in range(10):
        slices.took(5)
    assert slices.size == 16 << 10
