"""``python -m pinatakit`` is the command ``pinatakit``."""

from __future__ import annotations

from pinatakit.cli import main

main()
