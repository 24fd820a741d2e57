"""Patterns of SQL's LIKE, as the SQL standard (and PostgreSQL's documentation, 9.7.1) explains them."""

from __future__ import annotations

import re
from itertools import product

import pytest

from pinatakit.protocol.where import like_expression


def is_like(pattern: str, text: str) -> bool:
    """Letter by letter: ``%`` is nothing, or one letter and ``%`` again."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return is_like(pattern[1:], text) or (text != "" and is_like(pattern, text[1:]))
    return text != "" and pattern[0] in ("_", text[0]) and is_like(pattern[1:], text[1:])


def test_a_pattern_means_what_it_means_letter_by_letter():
    texts = ["".join(letters) for size in range(5) for letters in product("ab", repeat=size)]
    for size in range(6):
        for signs in product("ab%_", repeat=size):
            pattern = "".join(signs)
            expression = re.compile(like_expression(pattern))
            for text in texts:
                assert (expression.search(text) is not None) == is_like(pattern, text), (pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text", "like"),
    [
        ("50.5", "50x5", False),
        ("a%(b", "a\n(b", True),
        ("_", "\n", True),
        ("a", "a\n", False),
        ("%ü%", "grün", True),
    ],
)
def test_other_signs_stand_for_themselves(pattern, text, like):
    assert (re.search(like_expression(pattern), text) is not None) is like


def test_a_pattern_of_many_parts_is_refused_as_soon_as_the_text_ends():
    """Tried one place after the other, these would be 300 to the power of 20 places."""
    assert re.search(like_expression("%a" * 20 + "%b%"), "a" * 300) is None
