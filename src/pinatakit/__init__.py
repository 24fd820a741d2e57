"""Pinata for Python: verified uploads and downloads, and a local Pinata to develop against.

    import pinatakit

    with pinatakit.local() as pinata:          # or pinatakit.Pinata(), with PINATA_JWT set
        upload = pinata.upload("photo.jpg")
        print(upload.cid)

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinatakit._lazy import lazily

__version__ = "0.1.0"

if TYPE_CHECKING:
    from pinatakit.cars import list_car, pack, unpack, verify_car
    from pinatakit.client import (
        AsyncListing,
        AsyncPinata,
        AsyncPinningService,
        Download,
        ImageOptions,
        Listing,
        Pinata,
        PinningService,
    )
    from pinatakit.content import CID, PROFILES, Profile, read_car, write_car
    from pinatakit.embedded import LocalPinata, local
    from pinatakit.errors import (
        AlreadyThere,
        ApiError,
        BadRequest,
        BlockMismatch,
        CIDMismatch,
        Conflict,
        ContentError,
        Forbidden,
        InputError,
        InvalidCID,
        Malformed,
        MissingBlock,
        NoSuchPath,
        NotFound,
        PaymentRequired,
        PinataError,
        PinFailed,
        PinPending,
        PlanLimit,
        RateLimited,
        ServiceFault,
        SettingsError,
        TooLarge,
        Unauthorized,
        UnknownHash,
        Unreachable,
    )
    from pinatakit.functions import (
        Response,
        edit_metadata,
        generate_apikey,
        get_datausage,
        get_pinned_files,
        get_pinned_jobs,
        list_apikeys,
        pin,
        revoke_apikey,
        unpin,
        upload_file,
        upload_jsonfile,
    )
    from pinatakit.patterns import Patterns
    from pinatakit.protocol import (
        AccessToken,
        Allowed,
        CustomDomain,
        Exchange,
        File,
        Gateway,
        Group,
        InstalledPlugin,
        Key,
        Limits,
        Match,
        NewKey,
        PaidCID,
        PaymentInstruction,
        PaymentRequirement,
        Period,
        Permissions,
        Pin,
        PinJob,
        PinObject,
        PinStatus,
        Plugin,
        Rows,
        Signature,
        Swap,
        TimeSeries,
        Upload,
        Usage,
        Use,
        Where,
        kv,
    )
    from pinatakit.recipes import explain
    from pinatakit.roots import cid_of
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "cars": "list_car pack unpack verify_car",
            "client": "AsyncListing AsyncPinata AsyncPinningService Download ImageOptions Listing Pinata "
            "PinningService",
            "content": "CID PROFILES Profile read_car write_car",
            "embedded": "LocalPinata local",
            "errors": "AlreadyThere ApiError BadRequest BlockMismatch CIDMismatch Conflict ContentError Forbidden InputError "
            "InvalidCID Malformed MissingBlock NoSuchPath NotFound PaymentRequired PinataError "
            "PinFailed PinPending PlanLimit RateLimited ServiceFault SettingsError TooLarge "
            "Unauthorized UnknownHash Unreachable",
            "functions": "Response edit_metadata generate_apikey get_datausage get_pinned_files get_pinned_jobs "
            "list_apikeys pin revoke_apikey unpin upload_file upload_jsonfile",
            "patterns": "Patterns",
            "protocol": "AccessToken Allowed CustomDomain Exchange File Gateway Group InstalledPlugin Key Limits "
            "Match NewKey PaidCID PaymentInstruction PaymentRequirement Period Permissions Pin PinJob "
            "PinObject PinStatus Plugin Rows Signature Swap TimeSeries Upload Usage Use Where kv",
            "recipes": "explain",
            "roots": "cid_of",
        },
    )

__all__ = [
    "CID",
    "PROFILES",
    "AccessToken",
    "Allowed",
    "AlreadyThere",
    "ApiError",
    "AsyncListing",
    "AsyncPinata",
    "AsyncPinningService",
    "BadRequest",
    "BlockMismatch",
    "CIDMismatch",
    "Conflict",
    "ContentError",
    "CustomDomain",
    "Download",
    "Exchange",
    "File",
    "Forbidden",
    "Gateway",
    "Group",
    "ImageOptions",
    "InputError",
    "InstalledPlugin",
    "InvalidCID",
    "Key",
    "Limits",
    "Listing",
    "LocalPinata",
    "Malformed",
    "Match",
    "MissingBlock",
    "NewKey",
    "NoSuchPath",
    "NotFound",
    "PaidCID",
    "Patterns",
    "PaymentInstruction",
    "PaymentRequired",
    "PaymentRequirement",
    "Period",
    "Permissions",
    "Pin",
    "PinFailed",
    "PinJob",
    "PinObject",
    "PinPending",
    "PinStatus",
    "Pinata",
    "PinataError",
    "PinningService",
    "PlanLimit",
    "Plugin",
    "Profile",
    "RateLimited",
    "Response",
    "Rows",
    "ServiceFault",
    "SettingsError",
    "Signature",
    "Swap",
    "TimeSeries",
    "TooLarge",
    "Unauthorized",
    "UnknownHash",
    "Unreachable",
    "Upload",
    "Usage",
    "Use",
    "Where",
    "cid_of",
    "edit_metadata",
    "explain",
    "generate_apikey",
    "get_datausage",
    "get_pinned_files",
    "get_pinned_jobs",
    "kv",
    "list_apikeys",
    "list_car",
    "local",
    "pack",
    "pin",
    "read_car",
    "revoke_apikey",
    "unpack",
    "unpin",
    "upload_file",
    "upload_jsonfile",
    "verify_car",
    "write_car",
]
