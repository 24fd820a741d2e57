"""A proxy between a client and the local Pinata that counts bytes and cuts connections."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from urllib.parse import urlsplit


class Proxy:
    """Passes bytes on to whatever `url` names at the moment.

    Each of `cuts` ends one connection, with a reset, when so many more bytes have been sent to the
    service; `answers` of them, when so many more have come back.

    Attributes:
        sent: bytes that went to the service.
    """

    def __init__(self, url, cuts=(), answers=()):
        self.target = urlsplit(url)
        self.sent = 0
        self._cuts = list(cuts)
        self._answers = list(answers)
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def left(self):
        """Cuts that have not been made."""
        return len(self._cuts) + len(self._answers)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self):
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            try:
                far = socket.create_connection((self.target.hostname, self.target.port))
            except OSError:
                near.close()
                continue
            both = (near, far)
            for a, b, cuts in ((near, far, self._cuts), (far, near, self._answers)):
                thread = threading.Thread(target=self._pump, args=(a, b, cuts, both), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pump(self, come, go, cuts, both):
        with contextlib.suppress(OSError):
            while data := come.recv(1 << 16):
                with self._lock:
                    cut = None
                    if cuts:
                        cuts[0] -= len(data)
                        if cuts[0] <= 0:
                            cut = cuts.pop(0) + len(data)
                data = data[:cut]
                go.sendall(data)
                if cuts is self._cuts:
                    self.sent += len(data)
                if cut is not None:
                    for one in both:
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    break
        for one in both:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                one.close()
