"""Services and gateways that misbehave on purpose. They stand in for the network, never for our own code."""

from __future__ import annotations

import json

import httpx2 as httpx

from pinatakit.content import CID, walk_blocks, write_car
from pinatakit.protocol.gateway import CAR_TYPE, RAW_TYPE

JWT = "eyJ.very-secret.jwt"


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces; an exception among them is raised in its place."""

    def __init__(self, *pieces):
        self.pieces = pieces
        self.closed = False

    def __iter__(self):
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def __aiter__(self):
        for piece in self:
            yield piece

    def close(self):
        self.closed = True

    async def aclose(self):
        self.closed = True


class Service:
    """Answers requests with what it was given, one after the other; the last one again and again."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.transport = httpx.MockTransport(self)

    def __call__(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    @property
    def paths(self):
        return [request.url.path for request in self.requests]


def said(status, headers=None, **body):
    return lambda _: httpx.Response(status, headers=headers, content=json.dumps(body).encode())


def stored(cid):
    """An upload acknowledged under a CID, by either API."""

    def answer(request):
        if request.url.path == "/v3/files":
            return httpx.Response(200, json={"data": {"id": "1", "cid": str(cid), "size": 1}})
        return httpx.Response(
            200, json={"IpfsHash": str(cid), "PinSize": 1, "Timestamp": "2024-01-01T00:00:00Z"}
        )

    return answer


class Gateway:
    """A gateway over some blocks. How it lies is told by overriding `car` and `block`."""

    def __init__(self, root: CID, blocks):
        self.root = root
        self.blocks = dict(blocks)
        self.cars = 0
        self.raws = []
        self.transport = httpx.MockTransport(self)

    def __call__(self, request):
        cid = CID.parse(request.url.path.split("/")[2])
        if request.url.params["format"] == "car":
            self.cars += 1
            body = Pieces(*self.car(cid))
            return httpx.Response(200, headers={"content-type": f"{CAR_TYPE}; version=1"}, stream=body)
        self.raws.append(cid)
        block = self.block(cid)
        if block is None:
            return httpx.Response(404, text="no such block")
        return httpx.Response(200, headers={"content-type": RAW_TYPE}, content=block)

    def car(self, root):
        return write_car([root], walk_blocks(root, self.blocks.__getitem__, dups=True))

    def block(self, cid):
        return self.blocks.get(cid)
