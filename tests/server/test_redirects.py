"""A site's own rules for paths it does not have.

Source: specs.ipfs.tech/http-gateways/web-redirects-file, whose sections are named above the tests.
"""

from __future__ import annotations

import pytest

from pinatakit.server.redirects import read_rules
from pinatakit.server.refusal import Refusal

from .conftest import exchange, pin

RULES = b"""\
# Comments, and lines that hold nothing, are passed over

/redirect-one /one.html
/301-redirect-one /one.html 301
/302-redirect-two /two.html 302
/303 /two.html 303
/307 /two.html 307
/308 /two.html 308
/200-index /index.html 200
/posts/:year/:month/:day/:title /articles/:year/:month/:day/:title 301
/splat/* /redirected-splat/:splat 301
/out/* https://elsewhere.example:8080/:splat 302
/not-found/* /404.html 404
/gone/* /410.html 410
/unavail/* /451.html 451
/to-nothing /none.html 200
/to-a-folder /sub/ 200
/one.html /two.html
/app/* /index.html 200
"""
FOREVER = "public, max-age=29030400, immutable"


def site_of(api, rules: bytes, *more: tuple[str, bytes]) -> str:
    pages = [
        (f"site/{name}.html", f"my {name}".encode()) for name in ("index", "one", "two", "404", "410", "451")
    ]
    return pin(api, *pages, ("site/_redirects", rules), *more)["IpfsHash"]


@pytest.fixture(scope="module")
def site(api, stranger):
    """Asks a site at a host of its own."""
    cid = site_of(api, RULES, ("site/sub/x.txt", b"x"))
    return lambda path, **headers: stranger.get(path, headers={"host": f"{cid}.ipfs.localhost", **headers})


# "Status", "Placeholders", "Splat", "Comments"


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/redirect-one", 301, "/one.html"),
        ("/redirect-one?x=1", 301, "/one.html"),
        ("/301-redirect-one", 301, "/one.html"),
        ("/302-redirect-two", 302, "/two.html"),
        ("/303", 303, "/two.html"),
        ("/307", 307, "/two.html"),
        ("/308", 308, "/two.html"),
        ("/posts/2022/01/01/hello-world", 301, "/articles/2022/01/01/hello-world"),
        ("/posts/2022/01/01/a%20%C3%BC%3Fb", 301, "/articles/2022/01/01/a%20%C3%BC%3Fb"),
        ("/splat/one.html", 301, "/redirected-splat/one.html"),
        ("/splat/a/b/c", 301, "/redirected-splat/a/b/c"),
        ("/splat/", 301, "/redirected-splat/"),
        ("/out/a/b", 302, "https://elsewhere.example:8080/a/b"),
        ("/splat/%0Dset-cookie:%20x", 301, "/redirected-splat/%0Dset-cookie:%20x"),
    ],
)
def test_a_path_that_is_not_there_is_redirected(site, path, status, location):
    answer = site(path)
    assert (answer.status_code, answer.headers["location"]) == (status, location)


@pytest.mark.parametrize(
    ("path", "status", "page"),
    [
        ("/200-index", 200, "my index"),
        ("/app/anything/else", 200, "my index"),
        ("/not-found/x", 404, "my 404"),
        ("/gone/x/y", 410, "my 410"),
        ("/unavail/x", 451, "my 451"),
    ],
)
def test_a_path_that_is_not_there_is_another_page(site, path, status, page):
    answer = site(path)
    assert (answer.status_code, answer.text) == (status, page)
    assert answer.headers["cache-control"] == FOREVER
    again = site(path, **{"if-none-match": answer.headers["etag"], "range": "bytes=0-1"})
    assert again.status_code == (304 if status == 200 else status)


@pytest.mark.parametrize(
    "path", ["/splat", "/posts/2022/01/hello", "/posts//01/01/x/", "/none", "/to-nothing", "/to-a-folder"]
)
def test_a_path_that_no_rule_is_about_is_404(site, path):
    assert site(path).status_code == 404


# "Subdomain or DNSLink Gateways", "No Forced Redirects", "Order"


def test_what_is_there_is_served(site):
    assert site("/one.html").text == "my one"
    assert site("/").text == "my index"
    assert site("/_redirects").content == RULES


def test_the_first_rule_that_is_about_a_path_counts():
    rules = read_rules(b"/a /first\n/* /second\n")
    assert [rule.leads("/a") for rule in rules] == ["/first", "/second"]
    assert [rule.leads("/b") for rule in rules] == [None, "/second"]


def test_rules_are_for_sites_with_a_host_of_their_own(api, stranger):
    cid = site_of(api, RULES)
    assert stranger.get(f"/ipfs/{cid}/redirect-one").status_code == 404


def test_a_program_is_not_redirected(api, stranger):
    cid = site_of(api, RULES)
    answer = stranger.get("/redirect-one?format=raw", headers={"host": f"{cid}.ipfs.localhost"})
    assert answer.status_code == 404


def test_a_path_cannot_lead_to_another_host(api, server):
    """What a visitor writes stands in a path of this site: ``//elsewhere`` would be a host."""
    cid = site_of(api, b"/* /:splat\n")
    for path in ("//elsewhere.example", "/%2felsewhere.example", "/x/..//elsewhere.example"):
        head = exchange(server, f"GET {path} HTTP/1.1", f"{cid}.ipfs.localhost")
        assert (head["status"], head["location"]) == ("301", "/elsewhere.example")


# "Line Termination", "Max File Size", "Error Handling"


def test_lines_may_end_as_on_windows():
    rules = read_rules(b"/a /b\r\n\r\n# a comment\r\n/c /d 302\r\n")
    assert [(rule.leads("/a"), rule.leads("/c"), rule.status) for rule in rules] == [
        ("/b", None, 301),
        (None, "/d", 302),
    ]


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (b"/a\n", "from to"),
        (b"/a /b 301 x\n", "from to"),
        (b"/a /b 301!\n", "forced"),
        (b"/a /b 200!\n", "forced"),
        (b"/a /b 999\n", "999"),
        (b"/a /b abc\n", "abc"),
        (b"a /b\n", "starts with /"),
        (b"/a*/b /c\n", "at its end"),
        (b"/a b\n", "no path"),
        (b"/a javascript:alert(1)\n", "no path"),
        (b"/a //elsewhere.example/\n", "no path"),
        (b"/a https://elsewhere.example/ 200\n", "no path"),
        (b"/a https://[ 301\n", "no path"),
        (b"/\xff /b\n", "UTF-8"),
        (b"/a /b\n" * 11_000, "65,536"),
    ],
)
def test_a_file_that_is_none_is_an_error_that_is_told(api, stranger, file, why):
    with pytest.raises(Refusal, match=why) as refused:
        read_rules(file)
    assert refused.value.status == 500
    cid = site_of(api, file)
    answer = stranger.get("/not-there", headers={"host": f"{cid}.ipfs.localhost"})
    assert answer.status_code == 500
    assert why in answer.text
    assert stranger.get("/one.html", headers={"host": f"{cid}.ipfs.localhost"}).text == "my one"


def test_a_prefix_may_end_within_a_name():
    (rule,) = read_rules(b"/blog-* /posts/:splat\n")
    assert rule.leads("/blog-2022/x") == "/posts/2022/x"
    assert rule.leads("/blog") is None


def test_a_word_with_a_colon_that_is_no_placeholder_stays():
    (rule,) = read_rules(b"/a https://elsewhere.example:8080/:b\n")
    assert rule.leads("/a") == "https://elsewhere.example:8080/:b"
