"""Fuzzing of every parser: ``python -m fuzz`` (see `docs/fuzzing.md`)."""
