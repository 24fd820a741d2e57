"""docs/routes.md tells what is served."""

from __future__ import annotations

from .endpoints import ENDPOINTS
from .routes import MISSING, PAGE, page


def test_the_page_of_routes_is_as_the_routes_are():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.routes"


def test_what_is_missing_is_missing_of_a_route():
    assert set(MISSING) <= {endpoint.path for endpoint in ENDPOINTS}
