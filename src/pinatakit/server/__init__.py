"""The local Pinata: the same API over real storage, and a gateway, on one port."""

from __future__ import annotations

from pinatakit.datafolder import running
from pinatakit.server.app import create_app
from pinatakit.server.faults import Change, Cut, Fault, Faults, Refuse, Slow, Stall
from pinatakit.server.serve import TEST, Admin, Server
from pinatakit.server.store import Busy, Guest, Store
from pinatakit.server.tls import Certificate
from pinatakit.server.worker import Fetching

__all__ = [
    "TEST",
    "Admin",
    "Busy",
    "Certificate",
    "Change",
    "Cut",
    "Fault",
    "Faults",
    "Fetching",
    "Guest",
    "Refuse",
    "Server",
    "Slow",
    "Stall",
    "Store",
    "create_app",
    "running",
]
