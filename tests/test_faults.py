"""A network that fails: everything ends right or with a declared error, and no byte is wrong.

``python benchmarks/faults.py`` is the long form.
"""

from __future__ import annotations

import pytest

faults = pytest.importorskip("benchmarks.faults", reason="benchmarks are not part of the package")


def test_what_meets_a_fault_ends_right_or_with_the_declared_error():
    report = faults.run(16, 16, seed="short", share=0.5, timeout=0.5)
    assert report.wrong == []
    assert report.uploads.total() == report.downloads.total() == 16
    assert report.faults.total() >= 10
    assert report.uploads["right"] >= 8
    assert report.downloads["right"] >= 8
    assert report.slowest < 60
