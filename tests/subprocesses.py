"""What tests that start another Python share."""

from __future__ import annotations

import os


def unmeasured() -> dict[str, str]:
    """The environment without a measurement of coverage, which loads modules of its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
