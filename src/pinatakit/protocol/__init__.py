"""What is said between a client and Pinata, as values: nothing here is sent or stored.

Client and local Pinata meet here. An endpoint is a `Call`; what it answers is a record.
"""

from __future__ import annotations

from pinatakit.protocol._call import Answer, Body, Call, Host, Network, Query, nothing, reads_data, reads_json
from pinatakit.protocol.account import Usage
from pinatakit.protocol.files import File
from pinatakit.protocol.keys import Key, NewKey, permissions
from pinatakit.protocol.metadata import Keyvalue, Keyvalues
from pinatakit.protocol.pins import Pin, PinJob, Where, kv
from pinatakit.protocol.psa import PinObject, PinStatus
from pinatakit.protocol.uploads import Upload

__all__ = [
    "Answer",
    "Body",
    "Call",
    "File",
    "Host",
    "Key",
    "Keyvalue",
    "Keyvalues",
    "Network",
    "NewKey",
    "Pin",
    "PinJob",
    "PinObject",
    "PinStatus",
    "Query",
    "Upload",
    "Usage",
    "Where",
    "kv",
    "nothing",
    "permissions",
    "reads_data",
    "reads_json",
]
