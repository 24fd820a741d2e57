"""Routes: one search finds what looking at each path in turn would find."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import compile_path

from pinatakit.server.endpoints import ENDPOINTS, IPFS, OPERATION
from pinatakit.server.routes import Routes

from .conftest import refusal

TABLE = (*ENDPOINTS, *IPFS, *OPERATION)
ROUTES = Routes(TABLE)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ID = "019ad8a5-6b1c-7e3f-8a4b-0123456789ab"
PARTS = sorted({part for one in TABLE for part in one.path.split("/") if "{" not in part} | {"a.b", ID})
PATTERNS = {one.path: compile_path(one.path)[0] for one in TABLE}  # as Starlette reads them


def in_turn(method: str, path: str):
    """The first endpoint that Starlette would find, and what its names stand for."""
    for one in TABLE:
        found = PATTERNS[one.path].match(path)
        if found and (method in one.methods or (method == "HEAD" and "GET" in one.methods)):
            return one, found.groupdict()
    return None


@given(st.sampled_from(METHODS), st.lists(st.sampled_from(PARTS), max_size=7).map("/".join))
def test_a_search_finds_the_first_that_matches(method, path):
    assert ROUTES.find(method, f"/{path}") == in_turn(method, f"/{path}")


@pytest.mark.parametrize("endpoint", TABLE, ids=lambda one: f"{one.methods[0]} {one.path}")
def test_each_endpoint_is_found_at_its_path(endpoint):
    path = endpoint.path.replace("{id:uuid}", ID).replace("{path:path}", "a/b c\n")
    found = ROUTES.find(endpoint.methods[0], path)
    assert found
    assert found[0] is endpoint


def test_a_method_that_is_not_served_is_told_which_are(api):
    answer = api.patch(f"/groups/{ID}")
    assert refusal(answer) == (405, "NOT_FOUND")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PUT"
    assert api.request("LOCK", "/groups").headers["allow"] == "GET, HEAD, POST"
    assert "allow" not in api.patch("/nothing").headers
