"""JSON is printed as JavaScript prints it.

Every expected text is what Node.js 20 printed for ``JSON.stringify(JSON.parse(given))``; the first
one's CID and size were recorded at Pinata in 2022.
"""

from __future__ import annotations

import json
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

import pytest

from pinatakit.content import Profile, build_file
from pinatakit.errors import InputError
from pinatakit.protocol.stringify import stringify

NODE = [
    ('{"file":"output/ens_airdrop_Nov8th2021.json"}', '{"file":"output/ens_airdrop_Nov8th2021.json"}'),
    (
        '{"b":1,"a":2,"10":3,"2":4,"02":5,"-1":6,"4294967294":7,"4294967295":8,"1.5":9}',
        '{"2":4,"10":3,"4294967294":7,"b":1,"a":2,"02":5,"-1":6,"4294967295":8,"1.5":9}',
    ),
    (
        "[1.0,-0,0.0,-0.0,1e21,1e20,123456789012345680000.0,1e-6,1e-7,0.000001234,1.5e300,5e-324]",
        "[1,0,0,0,1e+21,100000000000000000000,123456789012345680000,0.000001,1e-7,0.000001234,1.5e+300,5e-324]",
    ),
    (
        "[1.7976931348623157e308,0.1,100,1e2,-1.25e-9,123e-20,4.35,9007199254740991]",
        "[1.7976931348623157e+308,0.1,100,100,-1.25e-9,1.23e-18,4.35,9007199254740991]",
    ),
    (
        '"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/\\u007f\\u2028\\u2029é😀"',
        '"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/\x7f\u2028\u2029é😀"',
    ),
    ('"\\ud83d\\ude00"', '"😀"'),
    ("null", "null"),
    ("true", "true"),
    ("false", "false"),
    ('""', '""'),
    ("[]", "[]"),
    ("{}", "{}"),
    (' { "a" : [ 1 , { "b" : null } ] } ', '{"a":[1,{"b":null}]}'),
    ('{"a":1,"b":2,"a":3}', '{"a":3,"b":2}'),
    ('{"":1," ":2}', '{"":1," ":2}'),
    ('{"__proto__":1,"constructor":2}', '{"__proto__":1,"constructor":2}'),
    ("[[],[[]],{}]", "[[],[[]],{}]"),
]


@pytest.mark.parametrize(("given", "printed"), NODE)
def test_json_is_printed_as_node_prints_it(given, printed):
    assert stringify(json.loads(given)) == printed.encode()


@pytest.mark.parametrize("text", ['"\\ud800"', '"a\\udc00b"', '{"\\udfff":1}'])
def test_half_a_pair_of_surrogates_is_refused_or_escaped_as_node_does(text):
    with pytest.raises(InputError, match="half a pair of surrogates"):
        stringify(json.loads(text))
    assert stringify(json.loads(text), lossy=True) == text.encode()


def test_the_recorded_json_has_the_recorded_cid_and_size():
    root = build_file([stringify({"file": "output/ens_airdrop_Nov8th2021.json"})], Profile.named("v1"))
    assert str(root.cid) == "bafkreid56by3qspgyxvppq3ggj2x4tec3akpnlffbhangjzzfc3lfh66yq"
    assert root.dag_size == 45


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        (9007199254740993, b"9007199254740992"),
        (-9007199254740993, b"-9007199254740992"),
        (100000000000000000000000, b"1e+23"),
        (18446744073709551616, b"18446744073709552000"),
    ],
)
def test_whole_numbers_javascript_cannot_keep_are_refused_or_rounded(given, printed):
    with pytest.raises(InputError, match=r"\$\.a\[1\] is -?\d+; JavaScript"):
        stringify({"a": [0, given]})
    assert stringify(given, lossy=True) == printed


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_json_cannot_hold_are_refused(value):
    with pytest.raises(InputError, match=r"number at \$\.x"):
        stringify({"x": value})
    with pytest.raises(InputError, match=r"number at \$\[0\] is"):
        stringify([value])


def test_subclasses_are_printed_as_what_they_are():
    """As enumerations, named tuples and the like are."""

    class Text(str):
        __slots__ = ()

    class Number(int):
        pass

    class Pair(NamedTuple):
        first: Text
        second: Number

    value = MappingProxyType({Text("a"): Pair(Text("b"), Number(5)), "big": Number(2**60)})
    assert stringify(value, lossy=True) == b'{"a":["b",5],"big":1152921504606847000}'


def test_a_value_of_many_pieces_is_printed_whole():
    value = [[str(i), i, [], {"\ud800": None}] for i in range(3_000)]
    assert json.loads(stringify(value, lossy=True)) == value


def test_values_json_cannot_hold_are_refused_with_their_place():
    with pytest.raises(InputError, match=r"\$\.when\[0\] is of type date"):
        stringify({"when": [date(2024, 1, 1)]})
    with pytest.raises(InputError, match=r"key 1 at \$\.a is not text"):
        stringify({"a": {1: 2}})


def test_tuples_are_printed_as_lists():
    assert stringify((1, ("a",))) == b'[1,["a"]]'
