"""What bytes are called: CIDs, blocks, roots, profiles, CAR files. Pure: no network, no disk.

profile = Profile.named("v1")
build_file([b"Hello World"], profile).cid
# CID('bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny')
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinatakit._lazy import lazily

if TYPE_CHECKING:
    from pinatakit.content.blocks import MAX_BLOCK, Block, Root, Sink
    from pinatakit.content.car import CarReader, CarState, car_header, car_section, read_car, write_car
    from pinatakit.content.cid import CID
    from pinatakit.content.dagpb import Kind
    from pinatakit.content.file import FileBuilder, FileState, build_file
    from pinatakit.content.folder import FolderBuilder, build_directory, build_symlink
    from pinatakit.content.profile import PROFILES, Profile
    from pinatakit.content.walk import (
        Entry,
        Walk,
        block_value,
        links_of,
        links_size,
        walk_blocks,
        walk_cids,
        walk_steps,
    )
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "blocks": "MAX_BLOCK Block Root Sink",
            "car": "CarReader CarState car_header car_section read_car write_car",
            "cid": "CID",
            "dagpb": "Kind",
            "file": "FileBuilder FileState build_file",
            "folder": "FolderBuilder build_directory build_symlink",
            "profile": "PROFILES Profile",
            "walk": "Entry Walk block_value links_of links_size walk_blocks walk_cids walk_steps",
        },
    )

__all__ = [
    "CID",
    "MAX_BLOCK",
    "PROFILES",
    "Block",
    "CarReader",
    "CarState",
    "Entry",
    "FileBuilder",
    "FileState",
    "FolderBuilder",
    "Kind",
    "Profile",
    "Root",
    "Sink",
    "Walk",
    "block_value",
    "build_directory",
    "build_file",
    "build_symlink",
    "car_header",
    "car_section",
    "links_of",
    "links_size",
    "read_car",
    "walk_blocks",
    "walk_cids",
    "walk_steps",
    "write_car",
]
