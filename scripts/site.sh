#!/bin/sh
# Builds the documentation into site/; a warning is an error.
set -e
cd "$(dirname "$0")/.."
bin=${BIN:-.venv/bin}
PYTHONPATH=src "$bin/python" scripts/reference.py
PYTHONPATH=src "$bin/zensical" build --strict --clean
