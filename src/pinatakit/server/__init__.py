"""The local Pinata: the same API over real storage, and a gateway, on one port."""

from __future__ import annotations

from pinatakit.server.app import create_app
from pinatakit.server.serve import Admin, Server, running
from pinatakit.server.store import Busy, Guest, Store
from pinatakit.server.worker import Fetching

__all__ = ["Admin", "Busy", "Fetching", "Guest", "Server", "Store", "create_app", "running"]
