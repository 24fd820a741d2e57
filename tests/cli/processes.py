"""The command line as it is used: a process of its own, in an environment of its own."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from pinatakit import Pinata
from tests.serving import QuietServer

LIMIT = 120  # seconds after which a command hangs; a client itself waits for 60

HELLO = b"Hello World"
HELLO_V0 = "QmUXTtySmd7LD4p6RG6rZW6RuUuPZXTtNMmRQ6DSQo3aMw"  # as any Kubo names it
HELLO_V1 = "bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny"
UNKNOWN_CID = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"  # uploaded by no test
UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"

posix = pytest.mark.skipif(os.name != "posix", reason="signals, modes and terminals of POSIX")


@dataclass
class Ran:
    """What a command that has ended left behind."""

    code: int
    data: bytes
    err: str

    @property
    def out(self) -> str:
        return self.data.decode()

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    def failed(self, code: int) -> bool:
        """Whether it ended with that code as an expected error does: nothing on stdout, no traceback."""
        assert "Traceback" not in self.err
        assert self.data == b""
        return self.code == code and "error:" in self.err.lower()


def environment(home: Path, **more: str) -> dict[str, str]:
    """Nothing of whoever runs the tests, but what Python and a measurement of coverage need."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PYTHONPATH", "PATH", "SYSTEMROOT", "TEMP", "TMPDIR") or name.startswith("COVERAGE")
    }
    own = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "PYTHONWARNINGS": "error"}
    return kept | own | more


def command(*args: object, python: tuple[str, ...] = ()) -> list[str]:
    return [sys.executable, *python, "-m", "pinatakit", *map(str, args)]


def run(
    *args: object, cwd: Path, env: dict[str, str], input: bytes = b"", python: tuple[str, ...] = ()
) -> Ran:
    if python:  # what is loaded is looked at, and a measurement of coverage loads much
        env = {name: value for name, value in env.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        command(*args, python=python),
        input=input,
        capture_output=True,
        cwd=cwd,
        env=env,
        timeout=LIMIT,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr.decode())


def on_terminal(
    *args: object,
    cwd: Path,
    env: dict[str, str],
    streams: tuple[str, ...] = ("stdout",),
    typed: bytes = b"",
    size: tuple[int, int] = (24, 80),
) -> tuple[Ran, str]:
    """Run with some of its streams on a terminal; gives what it left, and what the terminal showed."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    import termios  # not on Windows

    ours, theirs = os.openpty()
    termios.tcsetwinsize(ours, size)
    try:
        os.write(ours, typed)
        try:
            process = subprocess.Popen(
                command(*args), cwd=cwd, env=env, **pipes | dict.fromkeys(streams, theirs)
            )
        finally:
            os.close(theirs)
        shown = b"".join(until_hung_up(ours))
        out, err = process.communicate(timeout=LIMIT)
    finally:
        os.close(ours)
    return Ran(process.returncode, out or b"", (err or b"").decode()), shown.decode()


def until_hung_up(terminal: int) -> Iterator[bytes]:
    """What a terminal shows until nobody writes to it any more."""
    while True:
        try:
            data = os.read(terminal, 1 << 16)
        except OSError as error:
            if error.errno != errno.EIO:  # how Linux says that nobody has the other end any more
                raise
            return
        if not data:
            return
        yield data


class Served:
    """A ``pinatakit serve --json`` that answers."""

    def __init__(self, process: subprocess.Popen[bytes], about: dict[str, str]) -> None:
        self.process = process
        self.about = about
        self.url = about["url"]
        self.env = {"PINATA_JWT": about["jwt"], "PINATA_ENDPOINT_URL": self.url}
        self.client = Pinata(about["jwt"], endpoint_url=self.url, gateway_url=self.url)

    def end(self, signal: int) -> Ran:
        """Send a signal, and wait for the end."""
        self.process.send_signal(signal)
        out, err = self.process.communicate(timeout=LIMIT)
        return Ran(self.process.returncode, out, err.decode())


@contextmanager
def serving(home: Path, *options: object) -> Iterator[Served]:
    """A local Pinata in a process of its own, ended at the end if it is still there."""
    with subprocess.Popen(
        command("serve", "--json", "--port", 0, *options),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home),
    ) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            assert line, "serve has ended"
            served = Served(process, json.loads(line))
            with served.client:
                served.client.account.test()  # from here on it also takes signals
                yield served
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=LIMIT)


class Service:
    """A service that answers every request alike, or as a function of its path and query says."""

    def __init__(self) -> None:
        self.answer: Any = (200, {}, b"{}")
        self.requests: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.reply()

            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                self.reply()

            def reply(self):
                service.requests.append(self.path)
                answer = service.answer(self.path) if callable(service.answer) else service.answer
                status, headers, body = answer
                self.send_response(status)
                for name, value in (headers | {"content-length": str(len(body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.env = {"PINATA_JWT": "a.very.secret", "PINATA_ENDPOINT_URL": url}

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
