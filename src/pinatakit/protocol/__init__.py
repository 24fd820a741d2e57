"""What is said between a client and Pinata, as values: nothing here is sent or stored.

Client and local Pinata meet here. An endpoint is a `Call`; what it answers is a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinatakit._lazy import lazily

if TYPE_CHECKING:
    from pinatakit.protocol._call import (
        Answer,
        Body,
        Call,
        Host,
        Network,
        Query,
        nothing,
        reads_data,
        reads_json,
    )
    from pinatakit.protocol._record import Record, Rows
    from pinatakit.protocol.account import Limits, Usage
    from pinatakit.protocol.analytics import Period, TimeSeries, Use
    from pinatakit.protocol.exchange import Exchange
    from pinatakit.protocol.files import File
    from pinatakit.protocol.gateways import AccessToken, Allowed, CustomDomain, Gateway
    from pinatakit.protocol.groups import Group
    from pinatakit.protocol.keys import Key, NewKey
    from pinatakit.protocol.metadata import Keyvalue, Keyvalues
    from pinatakit.protocol.payments import PaidCID, PaymentInstruction, PaymentRequirement
    from pinatakit.protocol.permissions import Permissions
    from pinatakit.protocol.pins import Pin, PinJob
    from pinatakit.protocol.plugins import InstalledPlugin, Plugin
    from pinatakit.protocol.psa import PinObject, PinStatus
    from pinatakit.protocol.signatures import Signature
    from pinatakit.protocol.swaps import Swap
    from pinatakit.protocol.uploads import Upload
    from pinatakit.protocol.vectors import Match
    from pinatakit.protocol.where import Where, kv
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "_call": "Answer Body Call Host Network Query nothing reads_data reads_json",
            "_record": "Record Rows",
            "account": "Limits Usage",
            "analytics": "Period TimeSeries Use",
            "exchange": "Exchange",
            "files": "File",
            "gateways": "AccessToken Allowed CustomDomain Gateway",
            "groups": "Group",
            "keys": "Key NewKey",
            "metadata": "Keyvalue Keyvalues",
            "payments": "PaidCID PaymentInstruction PaymentRequirement",
            "permissions": "Permissions",
            "pins": "Pin PinJob",
            "plugins": "InstalledPlugin Plugin",
            "psa": "PinObject PinStatus",
            "signatures": "Signature",
            "swaps": "Swap",
            "uploads": "Upload",
            "vectors": "Match",
            "where": "Where kv",
        },
    )

__all__ = [
    "AccessToken",
    "Allowed",
    "Answer",
    "Body",
    "Call",
    "CustomDomain",
    "Exchange",
    "File",
    "Gateway",
    "Group",
    "Host",
    "InstalledPlugin",
    "Key",
    "Keyvalue",
    "Keyvalues",
    "Limits",
    "Match",
    "Network",
    "NewKey",
    "PaidCID",
    "PaymentInstruction",
    "PaymentRequirement",
    "Period",
    "Permissions",
    "Pin",
    "PinJob",
    "PinObject",
    "PinStatus",
    "Plugin",
    "Query",
    "Record",
    "Rows",
    "Signature",
    "Swap",
    "TimeSeries",
    "Upload",
    "Usage",
    "Use",
    "Where",
    "kv",
    "nothing",
    "reads_data",
    "reads_json",
]
