"""``api``: any request, with the credential that is there."""

from __future__ import annotations

import json


def test_fields_go_into_the_query_or_into_a_body(ask_here, served):
    made = ask_here("api", "POST", "/v3/groups/public", "-f", "name=raw", "-f", "is_public=true").json["data"]
    assert served.client.groups.get(made["id"]).is_public is True
    listed = ask_here("api", "get", "/v3/groups/public", "-f", "name=raw").json["data"]["groups"]
    assert [group["id"] for group in listed] == [made["id"]]
    assert ask_here("api", "DELETE", f"/v3/groups/public/{made['id']}").code == 0


def test_a_body_comes_from_a_file_or_a_pipe(ask_here, ask, tmp_path):
    (tmp_path / "group.json").write_text(json.dumps({"name": "from a file"}))
    ran = ask_here("api", "POST", "/v3/groups/public", "--input", "group.json")
    assert ran.json["data"]["name"] == "from a file"
    ran = ask("api", "POST", "/v3/groups/public", "--input", "-", input=b'{"name": "from a pipe"}')
    assert ran.json["data"]["name"] == "from a pipe"


def test_all_pages_are_printed_one_a_line(ask_here, served):
    ids = {served.client.upload(f"paged {number}".encode(), name="paged").id for number in range(3)}
    ran = ask_here("api", "GET", "/v3/files/public", "-f", "name=paged", "-f", "limit=1", "--paginate")
    pages = [json.loads(line)["data"]["files"] for line in ran.lines]
    assert {file["id"] for page in pages for file in page} == ids
    assert len(pages) >= 3


def test_only_lists_of_v3_have_pages(ask_here):
    assert ask_here("api", "GET", "/data/testAuthentication", "--paginate").code == 2


def test_a_refusal_is_an_error_as_of_any_command(ask_here):
    assert ask_here("api", "GET", "/v3/files/public/no-such-id").code in (1, 2, 3)
    assert ask_here("api", "GET", "/nowhere").failed(3)


def test_the_credential_goes_nowhere_else(here, service):
    service.requests.clear()
    for path in ("https://example.org/v3/files", "v3/files", "@example.org/"):
        assert here("api", "GET", path, env=service.env).failed(2)
    assert service.requests == []


def test_the_body_is_given_once(ask_here, tmp_path):
    (tmp_path / "a").write_text("{}")
    assert ask_here("api", "POST", "/v3/groups/public", "--input", "a", "-f", "name=b").failed(2)
