from pinatakit.sources import PIECE, Folder, Reader, Source, Uploadable, explained, gather, read_source

__all__ = ["PIECE", "Folder", "Reader", "Source", "Uploadable", "explained", "gather", "read_source"]
