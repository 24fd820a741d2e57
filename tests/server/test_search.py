"""Lists are the same whichever way they are found: by an index, or file by file."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from itertools import product

import pytest

from pinatakit.content import CID, Root
from pinatakit.protocol import Where
from pinatakit.server import Store
from pinatakit.server.store import search
from pinatakit.server.store.files import Filter, Kept
from pinatakit.server.store.values import from_micros

WORDS = ["red", "Red", "green", "blue", "gr%en", "10", "2"]


class NoCar:
    def keep(self, db, root):
        db.execute("INSERT INTO car (root) VALUES (?)", (str(root),))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """300 files with some key-values, a part of them unpinned again, private or in a group."""
    store = Store(tmp_path_factory.mktemp("search"))
    group = store.groups.create("public", "a group").id
    rng = random.Random(5)

    def fill(db):
        for i in range(300):
            root = Root(CID.of(str(i).encode()), 5, rng.randrange(40))
            keyvalues = {"a": rng.choice([*WORDS, 10, 2, 2.5, True]), "b": rng.choice(WORDS)}
            keyvalues = dict(rng.sample(sorted(keyvalues.items()), rng.randrange(3)))
            network = rng.choice(["public", "public", "private"])
            into = group if network == "public" and rng.random() < 0.2 else None
            name = rng.choice([None, "Ünder the sea.png", 'a "quoted" NAME', f"{rng.choice(WORDS)}-{i}.txt"])
            kept = Kept(root, name, rng.choice(["text/plain", "image/png"]), 1, network, keyvalues, into)
            store.files.record(db, kept, NoCar())
            if rng.random() < 0.2:
                row = db.execute("SELECT max(n) AS n FROM file").fetchone()
                store.files.unpin(db, row["n"])

    store.records.write(fill).result()
    yield store
    store.close()


def holds(where: Where, keyvalues: dict) -> bool:
    """The documented meaning of an operator (fact sheet, part 5)."""
    if where.key not in keyvalues:
        return False
    have, value, second = keyvalues[where.key], where.value, where.second
    text = have if isinstance(have, str) else {True: "true"}.get(have is True, str(have))
    number = isinstance(value, int | float)
    alike = number == (isinstance(have, int | float) and not isinstance(have, bool))
    flags = re.IGNORECASE if where.op.startswith("i") or where.op == "notILike" else 0
    like = "(?s)" + "".join({"%": ".*", "_": "."}.get(sign) or re.escape(sign) for sign in str(value))
    match where.op:
        case "eq":
            return alike and have == value
        case "ne":
            return not (alike and have == value)
        case "gt" | "gte" | "lt" | "lte":
            one = have if number else text
            return (
                alike
                and {"gt": one > value, "gte": one >= value, "lt": one < value, "lte": one <= value}[where.op]
                if alike
                else False
            )
        case "between":
            return alike and value <= (have if number else text) <= second
        case "notBetween":
            return alike and not value <= (have if number else text) <= second
        case "like" | "iLike":
            return re.fullmatch(like, text, flags) is not None
        case "notLike" | "notILike":
            return re.fullmatch(like, text, flags) is None
        case _:
            return re.search(str(value), text, flags) is not None


def count(store: Store, wanted: Filter) -> int:
    return store.files.pins(wanted, limit=1, offset=0, user_id="u")[1]


def expected(store: Store, wanted: Filter) -> list[str]:
    """Newest first, by a look at each row."""
    import json

    ids = []
    for row in store.records.read("SELECT * FROM file ORDER BY created DESC, n DESC"):
        keyvalues = json.loads(row["keyvalues"])
        pinned, low, high = from_micros(row["created"]), *wanted.pinned
        checks = [
            row["network"] == wanted.network,
            wanted.status == "all" or (wanted.status == "pinned") == (row["unpinned"] is None),
            wanted.name is None or wanted.name.lower() in (row["name"] or "").lower(),
            wanted.cid is None or row["cid"] == wanted.cid,
            wanted.cid_contains is None or wanted.cid_contains in row["cid"],
            wanted.group_id is None or row["group_id"] == wanted.group_id,
            not wanted.no_group or row["group_id"] is None,
            wanted.mime_type is None or row["mime_type"] == wanted.mime_type,
            wanted.size[0] is None or row["dag_size"] >= wanted.size[0],
            wanted.size[1] is None or row["dag_size"] <= wanted.size[1],
            low is None or pinned >= low,
            high is None or pinned <= high,
            all(holds(where, keyvalues) for where in wanted.where),
        ]
        if all(checks):
            ids.append(row["id"])
    return ids


def some_filter(rng: random.Random, store: Store) -> Filter:
    def sometimes(value):
        return value if rng.random() < 0.25 else None

    row = rng.choice(store.records.read("SELECT * FROM file"))
    wheres = []
    for _ in range(rng.randrange(3)):
        op = rng.choice(OPERATORS)
        value = rng.choice([*WORDS, 2, 10, 3.5] if "ike" not in op.lower() and "exp" not in op else WORDS)
        value = rng.choice([value, "%e%", "re%", "_ed", "%gree%"]) if "ike" in op.lower() else value
        value = "e.*" if "exp" in op and rng.random() < 0.5 else value
        second = None
        if "etween" in op:
            second = rng.choice([2.5, 10, 1] if isinstance(value, int | float) else WORDS)
        wheres.append(Where(rng.choice("ab"), op, value, second))
    moment = from_micros(row["created"])
    return Filter(
        network=rng.choice(["public", "public", "private"]),
        status=rng.choice(["pinned", "unpinned", "all"]),
        name=sometimes(rng.choice([".TXT", "under", "e", 'a "quoted"', "red-1", "nowhere"])),
        cid=sometimes(row["cid"]),
        cid_contains=sometimes(rng.choice([row["cid"], row["cid"][9:11]])),
        group_id=sometimes(row["group_id"] or "no group"),
        no_group=rng.random() < 0.1,
        mime_type=sometimes(rng.choice(["text/plain", "image/png", "image/gif"])),
        size=(sometimes(rng.randrange(40)), sometimes(rng.randrange(40))),
        pinned=(sometimes(moment), sometimes(moment + timedelta(microseconds=rng.randrange(3) * 50))),
        where=wheres,
    )


OPERATORS = [
    "eq",
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "between",
    "notBetween",
    "like",
    "notLike",
    "iLike",
    "notILike",
    "regexp",
    "iRegexp",
]


@pytest.mark.parametrize(("few", "next_"), [(5000, 10_000), (0, 0), (3, 7), (1000, 0), (0, 1000)])
def test_every_way_to_search_finds_the_same(store, monkeypatch, few, next_):
    monkeypatch.setattr(search, "FEW", few)
    monkeypatch.setattr(search, "NEXT", next_)
    rng = random.Random(f"{few} {next_}")
    found = 0
    for _ in range(150):
        wanted = some_filter(rng, store)
        ids = expected(store, wanted)
        found += len(ids)
        limit, offset = rng.randrange(1, 12), rng.randrange(12)
        pins, count = store.files.pins(wanted, limit=limit, offset=offset, user_id="u")
        assert [pin.id for pin in pins] == ids[offset : offset + limit], wanted
        assert count == len(ids), wanted
        for ascending, order in ((False, ids), (True, ids[::-1])):
            behind = rng.choice(order) if order else None
            start = order.index(behind) + 1 if behind else 0
            page = store.files.page(wanted, ascending=ascending, limit=limit, after=behind)
            assert [file.id for file in page] == order[start : start + limit], wanted
    assert found > 300


@pytest.mark.parametrize(
    ("wanted", "times"),
    [
        (Filter("public", name="the sea"), 1),
        (Filter("public", where=[Where("b", "like", "%een%")]), 1),
        (Filter("public", "pinned", name="txt", where=[Where("b", "iLike", "%RED%")]), 2),
    ],
)
def test_words_are_looked_up_once_for_the_page_and_the_count(store, monkeypatch, wanted, times):
    asked, read = [], store.records.read
    monkeypatch.setattr(store.records, "read", lambda sql, values=(): asked.append(sql) or read(sql, values))
    pins, count = store.files.pins(wanted, limit=3, offset=0, user_id="u")
    assert sum("MATCH" in sql for sql in asked) == times
    ids = expected(store, wanted)
    assert count == len(ids) > 0
    assert [pin.id for pin in pins] == ids[:3]


def test_the_few_of_many_candidates_are_looked_up_once(store, monkeypatch):
    monkeypatch.setattr(search, "FEW", 20)
    monkeypatch.setattr(search, "NEXT", 0)
    wanted = Filter("public", "unpinned", name="the sea")
    ids = expected(store, wanted)
    assert 0 < len(ids) <= 20 < len(expected(store, Filter("public", name="the sea")))
    asked, read = [], store.records.read
    monkeypatch.setattr(store.records, "read", lambda sql, values=(): asked.append(sql) or read(sql, values))
    pins, counted = store.files.pins(wanted, limit=2, offset=1, user_id="u")
    assert ([pin.id for pin in pins], counted) == (ids[1:3], len(ids))
    assert ["LIMIT 21" in sql for sql in asked if "MATCH" in sql] == [True, True]


@pytest.mark.parametrize("status", ["pinned", "unpinned", "all"])
def test_what_lies_between_two_times_is_counted_from_either_side(store, status):
    times = [
        from_micros(row["created"]) for row in store.records.read("SELECT created FROM file ORDER BY created")
    ]
    some = [None, times[0], times[9], times[len(times) // 2], times[-9], times[-1]]
    for after in some:
        for before in some:
            wanted = Filter("public", status=status, pinned=(after, before))
            assert count(store, wanted) == len(expected(store, wanted)), wanted


def test_where_nothing_is_nothing_lies_between_two_times(tmp_path):
    store = Store(tmp_path)
    try:
        assert count(store, Filter("public", pinned=(from_micros(1), from_micros(2)))) == 0
    finally:
        store.close()


def test_totals_follow_what_is_pinned(store):
    row = store.records.read("SELECT count(*), sum(dag_size) FROM file WHERE unpinned IS NULL")[0]
    usage = store.files.usage()
    assert (usage.pin_count, usage.pin_size_total) == tuple(row)


def test_a_page_behind_what_is_gone_is_empty(store):
    assert store.files.page(Filter("public"), ascending=False, limit=5, after="no such id") == []


def test_files_are_listed_in_order_of_time_although_the_clock_goes_back(tmp_path, monkeypatch):
    from pinatakit.server.store import files

    times = iter([2_000_000, 1_000_000, 3_000_000])
    store = Store(tmp_path)
    try:
        monkeypatch.setattr(files, "now_micros", lambda: next(times))
        for i in range(3):
            kept = Kept(Root(CID.of(bytes([i])), 1, 1), str(i), "text/plain", 1)
            store.records.write(lambda db, kept=kept: store.files.record(db, kept, NoCar())).result()
        for next_ in (0, 1, 10):
            monkeypatch.setattr(search, "NEXT", next_)
            page = store.files.page(Filter("public"), ascending=True, limit=5, after=None)
            assert [file.name for file in page] == ["1", "0", "2"]
    finally:
        store.close()


def test_a_change_of_name_and_key_values_is_found_and_what_was_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "NEXT", 0)
    store = Store(tmp_path)
    try:
        kept = Kept(
            Root(CID.of(b"x"), 1, 1), "before.txt", "text/plain", 1, "public", {"k": "before", "n": 1}
        )
        store.records.write(lambda db: store.files.record(db, kept, NoCar())).result()
        store.files.update_pin(CID.of(b"x"), name="after.txt", keyvalues={"k": "after"})
        for word, there in (("before", 0), ("after", 1)):
            like = Where("k", "like", f"%{word}%")
            assert count(store, Filter("public", name=word)) == there
            assert count(store, Filter("public", where=[like])) == there
        words = "SELECT count(*) FROM {} WHERE {} MATCH '\"bef\"'"
        for table in ("file_name", "keyvalue_words"):
            assert store.records.read(words.format(table, table))[0][0] == 0
    finally:
        store.close()


@pytest.mark.parametrize("op", OPERATORS)
def test_a_count_by_one_key_value_alone_is_of_all_that_match(store, op):
    pattern = "ike" in op or "exp" in op
    for value in ("re%", "r_d", "%e%", "gr\\%") if pattern else ("green", 10, 2.5):
        seconds = ("red", "a") if isinstance(value, str) else (12, 1)
        for second in seconds if "etween" in op else (None,):
            for network, status in product(("public", "private"), ("pinned", "unpinned", "all")):
                wanted = Filter(network, status, where=[Where("a", op, value, second)])
                assert count(store, wanted) == len(expected(store, wanted)), wanted


def test_key_values_are_tallied_as_they_come_change_and_go(tmp_path):
    store = Store(tmp_path)

    def tallied():
        sql = "SELECT key, state, numbers, count FROM key_tally ORDER BY 1, 2, 3"
        counted = (
            "SELECT key, state, number IS NOT NULL, count(*) FROM keyvalue GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
        found = [tuple(row) for row in store.records.read(sql)]
        assert found == [tuple(row) for row in store.records.read(counted)]
        return found

    try:
        for i, network in enumerate(("public", "private", "public")):
            kept = Kept(Root(CID.of(bytes([i])), 1, 1), None, "text/plain", 1, network, {"a": i, "b": "text"})
            store.records.write(lambda db, kept=kept: store.files.record(db, kept, NoCar())).result()
        assert tallied() == [("a", 0, 1, 2), ("a", 2, 1, 1), ("b", 0, 0, 2), ("b", 2, 0, 1)]
        store.files.update_pin(CID.of(b"\0"), name=None, keyvalues={"a": "text", "b": None})
        assert tallied() == [("a", 0, 0, 1), ("a", 0, 1, 1), ("a", 2, 1, 1), ("b", 0, 0, 1), ("b", 2, 0, 1)]
        store.files.delete("public", cid=CID.of(b"\0"))
        assert tallied() == [("a", 0, 1, 1), ("a", 1, 0, 1), ("a", 2, 1, 1), ("b", 0, 0, 1), ("b", 2, 0, 1)]
    finally:
        store.close()


@pytest.fixture
def filled(tmp_path):
    """A store, and what fills it with files of some names, sizes and key-values."""
    store = Store(tmp_path)

    def fill(*given: dict):
        def record(db):
            for i, one in enumerate(given):
                cid, size = one.get("cid", CID.of(str(i).encode())), one.get("size", 1)
                network, name = one.get("network", "public"), one.get("name")
                kept = Kept(Root(cid, size, size), name, "text/plain", 1, network, one.get("keyvalues", {}))
                store.files.record(db, kept, NoCar())
                if one.get("unpinned"):
                    store.files.unpin(db, db.execute("SELECT max(n) AS n FROM file").fetchone()["n"])

        store.records.write(record).result()
        return store

    yield fill
    store.close()


def test_sizes_are_counted_by_their_magnitudes_and_at_the_bounds_one_by_one(filled, monkeypatch):
    monkeypatch.setattr(search, "FEW", -1)
    sizes = [0, 1, 9, 10, 11, 99, 100, 109, 110, 999, 1000, 1234, 1299, 1300, 99_999, 10**12, 2**53]
    rng = random.Random(3)
    store = filled(
        *(
            {"size": size, "network": network, "unpinned": rng.random() < 0.3}
            for size, network in zip(sizes * 4, ["public", "private"] * 34, strict=True)
        )
    )
    bounds = [None, *sizes, 2, 105, 1250, 10**6]
    for network, status, low, high in product(
        ("public", "private"), ("pinned", "unpinned", "all"), bounds, bounds
    ):
        wanted = Filter(network, status, size=(low, high))
        rows = store.records.read("SELECT network, unpinned, dag_size FROM file")
        met = [
            row
            for row in rows
            if row["network"] == network
            and (status == "all" or (status == "pinned") == (row["unpinned"] is None))
            and (low is None or row["dag_size"] >= low)
            and (high is None or row["dag_size"] <= high)
        ]
        assert count(store, wanted) == len(met), wanted


@pytest.mark.parametrize("few", [0, 5000])
def test_any_part_of_a_cid_finds_it(filled, monkeypatch, few):
    monkeypatch.setattr(search, "FEW", few)
    monkeypatch.setattr(search, "NEXT", few)
    cids = [CID.of(bytes([i])) for i in range(30)]
    cids += [CID(0, 0x70, cid.multihash) for cid in cids[:10]]
    cids += [CID(1, 0x55, b"\x00" + bytes([size]) + b"0123456789"[:size]) for size in range(1, 11)]
    store = filled(*({"cid": cid} for cid in cids))
    texts = [str(cid) for cid in cids]
    for text in (texts[3], texts[33], texts[-1], texts[-9]):
        for start in range(len(text)):
            for length in (1, 2, 3, 4, 5, 6, 7, 8, 11, 20, 46):
                part = text[start : start + length]
                there = sum(part in one for one in texts)
                assert count(store, Filter("public", cid_contains=part)) == there > 0, part
    for part in (
        texts[33].swapcase()[9:20],
        texts[3][9:14] + '"',
        "------",
        "bafkrei\0",
        "äääääää",
        "6 letters",
    ):
        assert count(store, Filter("public", cid_contains=part)) == 0, part


@pytest.mark.parametrize("few", [0, 5000])
def test_two_letters_are_found_wherever_they_stand(filled, monkeypatch, few):
    monkeypatch.setattr(search, "FEW", few)
    monkeypatch.setattr(search, "NEXT", few)
    texts = [
        "ab",
        "xab",
        "abx",
        "xAbx",
        "a b",
        "ba",
        "a",
        "",
        'a"',
        '"a"b',
        "b\na",
        "ä",
        "äb",
        "a\0b",
        "ab\n",
    ]
    store = filled(*({"name": text, "keyvalues": {"k": text, "other": "zab"}} for text in texts))
    for part in ("ab", "AB", 'a"', '"a', "b\n", "xa", "bx", "äb", "a\0", "zz", "zab", "a"):
        asked = {
            Filter("public", name=part): [part.lower() in text.lower() for text in texts],
            Filter("public", where=(Where("k", "like", f"%{part}%"),)): [part in text for text in texts],
        }
        for wanted, there in asked.items():
            assert count(store, wanted) == sum(there), wanted


def test_any_number_of_letters_may_follow_two(filled):
    store = filled({"name": "".join(f"ab{chr(0x4E00 + i)}" for i in range(5000))}, {"name": "ba"})
    assert count(store, Filter("public", name="ab")) == 1


def test_like_knows_no_signs_but_its_own(filled):
    texts = [
        "a*b",
        "a?b",
        "a[b]c",
        "a]b",
        "a\0b",
        "a\nb",
        "a\U0001f600b",
        "aéb",
        "ab",
        "A*B",
        "[",
        "x" * 20_000,
        "",
    ]
    store = filled(*({"keyvalues": {"k": text}} for text in texts))
    patterns = [
        "a*b",
        "a?b",
        "a[b]%",
        "a]_",
        "a_b",
        "a%b",
        "%\0%",
        "_",
        "[",
        "%[%",
        "%*_",
        "x" * 20_000,
        "",
        "%",
    ]
    for pattern in patterns:
        parts = [re.escape(part).replace("_", ".") for part in pattern.split("%")]
        met = sum(re.fullmatch("(?s)" + ".*".join(parts), text) is not None for text in texts)
        for op, there in (("like", met), ("notLike", len(texts) - met)):
            assert count(store, Filter("public", where=[Where("k", op, pattern)])) == there, (op, pattern)
