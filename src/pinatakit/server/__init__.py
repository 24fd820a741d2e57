"""The local Pinata: the same API over real storage, and a gateway, on one port."""

from __future__ import annotations

from pinatakit.server.app import create_app
from pinatakit.server.serve import Admin, Server, running
from pinatakit.server.store import Busy, Guest, Store

__all__ = ["Admin", "Busy", "Guest", "Server", "Store", "create_app", "running"]
