"""A trustless gateway that misbehaves on purpose, on a real port."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from pinatakit.content import CID, Block, walk_blocks, write_car
from pinatakit.protocol.gateway import CAR_TYPE, RAW_TYPE
from tests.serving import QuietServer


class Gateway:
    """A gateway over blocks. How it lies or fails is told by overriding `car` and `raw`.

    Attributes:
        asked: format and CID of each request.
    """

    def __init__(self, blocks=()):
        self.blocks = dict(blocks)
        self.asked: list[tuple[str, CID]] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                url = urlsplit(self.path)
                asked = parse_qs(url.query).get("format", [""])[0]
                cid = CID.parse(url.path.split("/")[2])
                gateway.asked.append((asked, cid))
                try:
                    kind, body = (
                        (CAR_TYPE, gateway.car(cid)) if asked == "car" else (RAW_TYPE, gateway.raw(cid))
                    )
                except Refused as refused:
                    self.send_response(refused.status)
                    for name, value in refused.headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", "0")
                    self.end_headers()
                    return
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("connection", "close")
                self.end_headers()
                for piece in body if asked == "car" else [body]:
                    self.wfile.write(piece)

            def log_message(self, *_):
                pass

        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def car(self, root):
        self.raw(root)
        return write_car([root], walk_blocks(root, self.blocks.__getitem__))

    def raw(self, cid):
        if cid not in self.blocks:
            raise Refused(404)
        return self.blocks[cid]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Refused(Exception):
    """An answer other than content."""

    def __init__(self, status, **headers):
        super().__init__(status)
        self.status = status
        self.headers = headers


class NoCars(Gateway):
    """Gives single blocks alone."""

    def car(self, root):
        raise Refused(406)


class Liar(Gateway):
    """Gives other bytes than the CID names."""

    def car(self, root):
        return write_car([root], [Block(root, b"forged " + self.blocks[root])])

    def raw(self, cid):
        return b"forged " + super().raw(cid)


class Partial(Gateway):
    """Has of a DAG only some blocks, and its CARs end where the first is missing."""

    def __init__(self, blocks, lacks):
        super().__init__({cid: block for cid, block in blocks.items() if cid not in lacks})

    def car(self, root):
        def pieces():
            try:
                yield from write_car([root], walk_blocks(root, self.blocks.__getitem__))
            except KeyError:
                return

        self.raw(root)
        return pieces()


class Redirecting(Gateway):
    """Sends to another place."""

    def __init__(self, to):
        super().__init__()
        self.to = to

    def car(self, root):
        raise Refused(302, location=f"{self.to}/ipfs/{root}?format=car")

    def raw(self, cid):
        raise Refused(302, location=f"{self.to}/ipfs/{cid}?format=raw")
