"""``serve``."""

from __future__ import annotations

import logging
import shlex
from pathlib import Path

import click

from pinatakit.cli._common import Output, output_options


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=5011, show_default=True, help="0 takes a free one."
)
@click.option(
    "--data", type=click.Path(file_okay=False), help="The folder to keep data in; else your data folder."
)
@click.option(
    "--limits",
    metavar="PLAN",
    help="Refuse what a plan refuses, by rate and size: free, picnic, …, or calls a minute.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND=N",
    help="Let it fail: refuse=503 answers so; cut=100, stall=100 and cut-request=100, stall-request=100 "
    "end or hold a connection after so many bytes; slow=1000 is bytes a second. Several take turns.",
)
@click.option(
    "--fault-every",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    metavar="N",
    help="Which requests meet a fault: each Nth.",
)
@click.option(
    "--gateway",
    "gateways",
    multiple=True,
    metavar="URL",
    help="A trustless gateway to fetch from what is pinned by its CID; may be given several times.",
)
@click.option(
    "--private-hosts/--no-private-hosts",
    default=None,
    help="Fetch from host nodes on this machine and in private networks too; else only while it "
    "listens on this machine alone.",
)
@click.option(
    "--name", "names", multiple=True, help="A name it may be called by besides localhost; several times."
)
@click.option(
    "--origin", "origins", multiple=True, metavar="URL", help="A site whose pages may call it; several times."
)
@click.option(
    "--behind-proxy",
    is_flag=True,
    help="Believe a proxy on this machine who its clients are (X-Forwarded-For).",
)
@click.option("--tls", is_flag=True, help="Speak https, with a certificate of its own.")
@click.option(
    "--cert",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Speak https with this one (PEM).",
)
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The key of --cert, if not in it.",
)
@click.option(
    "--access-log",
    metavar="FILE",
    help="Append a line of JSON for each request; - is stderr. No secret is in it.",
)
@click.option(
    "--grace",
    type=click.IntRange(0),
    metavar="SECONDS",
    help="How long what runs may take to end when it is told to stop; else as long as it moves.",
)
@output_options
def serve(
    host: str,
    port: int,
    data: str | None,
    gateways: tuple[str, ...],
    private_hosts: bool | None,
    limits: str | None,
    faults: tuple[str, ...],
    fault_every: int,
    names: tuple[str, ...],
    origins: tuple[str, ...],
    behind_proxy: bool,
    tls: bool,
    cert: Path | None,
    key: Path | None,
    access_log: str | None,
    grace: int | None,
    out: Output,
) -> None:
    """Run the local Pinata: the same API over real storage, and a gateway, until Ctrl-C.

    With --json it prints, once it is ready, one line: an object with url, gateway, jwt,
    api_key, api_secret and data. The admin key is made at the first start and kept in the
    data folder, readable by you alone. There are no limits without --limits.
    SIGTERM or Ctrl-C finishes what runs and takes nothing new; a second one ends it at once.
    With --tls clients must be told to trust it: it says how, and the line of JSON has ca.
    With --fault what calls its address meets faults; commands with --local go straight to it.

    \b
    Examples:
      pinatakit serve
      pinatakit serve --port 0 --data ./pinata --json
      pinatakit serve --gateway https://ipfs.io
      pinatakit serve --tls --name pinata.test
      pinatakit serve --limits free --fault refuse=503 --fault cut=100
    """
    from pinatakit.content.memory import share_heap
    from pinatakit.embedded import default_folder
    from pinatakit.server import Certificate, Faults, Fetching, Server
    from pinatakit.server.faults import in_turn, read_fault

    share_heap()
    if key and not cert:
        raise click.UsageError("--key is the key of --cert")
    if faults and (tls or cert or host not in ("127.0.0.1", "localhost")):
        raise click.UsageError("--fault is for plain http on this machine alone")
    wrong = [read_fault(fault) for fault in faults]
    if access_log:
        _log_requests(access_log)
    fetching = Fetching(gateways=gateways, private=private_hosts)
    place = Path(data) if data else default_folder()
    server = Server(
        place,
        host=host,
        port=0 if wrong else port,
        names=names,
        origins=origins,
        behind_proxy=behind_proxy,
        limits=limits,
        fetching=fetching,
        tls=Certificate(cert, key) if cert else tls,
        grace=grace,
    )
    way = Faults(server.url, in_turn(wrong, fault_every), port=port) if wrong else None
    url = way.url if way else server.url

    def ready() -> None:
        if not out.for_people:
            about = server.about() | {"url": url, "gateway": f"{url}/ipfs"}
            out.one(about, " ".join(about))
            return
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        click.echo(f"local Pinata at {url}, gateway at {url}/ipfs/", err=True)
        click.echo(f"data in {server.data}; the admin key is in admin.json there", err=True)
        here = "" if data is None else f"={shlex.quote(str(data))}"
        click.echo(f"any pinatakit command uses it with --local{here}; other clients:", err=True)
        click.echo(f"  export PINATA_ENDPOINT_URL={url}", err=True)
        click.echo(f"  export PINATA_GATEWAY_URL={url}", err=True)
        read = 'import json, sys; print(json.load(open(sys.argv[1]))["jwt"])'
        admin = shlex.quote(str(server.data / "admin.json"))
        click.echo(f"  export PINATA_JWT=$(python3 -c {shlex.quote(read)} {admin})", err=True)
        if trusted := server.about().get("ca"):
            click.echo("they must trust its certificate:", err=True)
            click.echo(f"  export SSL_CERT_FILE={shlex.quote(trusted)}          (Python, curl, Go)", err=True)
            click.echo(f"  export NODE_EXTRA_CA_CERTS={shlex.quote(trusted)}    (Node)", err=True)

    server.run(ready)
    if way:
        way.close()


def _log_requests(place: str) -> None:
    """Write each request to a file, which may be moved away meanwhile, or to stderr."""
    from logging.handlers import WatchedFileHandler

    from pinatakit.server.access import JsonLines

    handler = logging.StreamHandler() if place == "-" else WatchedFileHandler(place, encoding="utf-8")
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("pinatakit.access")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
