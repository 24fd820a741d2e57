from pinatakit.sources import (
    PIECE,
    Folder,
    Reader,
    Source,
    Uploadable,
    explained,
    gather,
    read_source,
    root_of,
)

__all__ = [
    "PIECE",
    "Folder",
    "Reader",
    "Source",
    "Uploadable",
    "explained",
    "gather",
    "read_source",
    "root_of",
]
