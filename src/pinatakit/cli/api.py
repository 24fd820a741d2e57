"""``api``: any request, with your credential."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import click

from pinatakit.cli._common import asks_plainly, read_keyvalues

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinatakit.client import Pinata

_BODILESS: Final = ("GET", "HEAD", "DELETE")


@click.command()
@click.argument(
    "method", type=click.Choice(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"], case_sensitive=False)
)
@click.argument("path")
@click.option(
    "-f", "--field", "fields", multiple=True, metavar="KEY=VALUE", help="Of the query, or of a JSON body."
)
@click.option("--input", "body", type=click.File("rb"), help="A file with the JSON body; - is stdin.")
@click.option("--host", type=click.Choice(["api", "uploads", "psa"]), default="api", show_default=True)
@click.option("--paginate", is_flag=True, help="Ask for the next pages of a v3 list too; each is printed.")
@asks_plainly
def api(
    pinata: Pinata, method: str, path: str, fields: tuple[str, ...], body: Any, host: Any, paginate: bool
) -> None:
    """Send any request with your credential, and print the body of the answer as it is.

    Fields go into the query of GET, HEAD and DELETE, else into a JSON body; a value that is JSON,
    such as 7 or true, is sent as that.

    \b
    Examples:
      pinatakit api GET /v3/files/public -f limit=5
      pinatakit api GET /v3/files/public --paginate | jq -r ".data.files[].cid"
      pinatakit api POST /v3/groups/public -f name=holidays
      pinatakit api PUT /v3/groups/public/0195a5c4-242f-7c01-bee8-f34a9e8e804b --input group.json
    """
    from pinatakit.client._now import run_now
    from pinatakit.protocol import Call

    if not path.startswith("/"):
        raise click.BadParameter("a path begins with /, and goes to your endpoint alone", param_hint="PATH")
    method = method.upper()
    given = read_keyvalues(fields)
    if body is not None and (given and method not in _BODILESS):
        raise click.UsageError("--input and -f both give the body")
    query = dict(given) if method in _BODILESS else {}
    sent = body.read() if body is not None else _json(given) if given and method not in _BODILESS else None
    headers = {"content-type": "application/json"} if sent is not None else {}
    for page in _pages(query, paginate=paginate):
        call = Call(method, path, lambda answer: answer.body, page, sent, headers, host, method in _BODILESS)
        answered = run_now(pinata.wire.send(call))
        click.echo(answered, nl=not answered.endswith(b"\n") and bool(answered))
        if paginate:
            page["pageToken"] = _next_page(answered)


def _pages(query: dict[str, Any], *, paginate: bool) -> Iterator[dict[str, Any]]:
    """Queries, one for each page, until no other is named."""
    yield query
    while paginate and query.get("pageToken"):
        yield query


def _next_page(answered: bytes) -> str | None:
    try:
        token: str | None = json.loads(answered)["data"]["next_page_token"]
    except (ValueError, LookupError, TypeError):
        raise click.UsageError("--paginate goes with lists of v3, and this is none") from None
    return token


def _json(given: dict[str, str]) -> bytes:
    return json.dumps({name: _value(text) for name, text in given.items()}).encode()


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
