"""Media types, found by looking at the bytes: what is declared is not trusted.

Source: the WHATWG MIME Sniffing Standard, sections 6 and 7, as far as it is about files; the
name decides only between kinds of text, and where the bytes say nothing.
"""

from __future__ import annotations

import json
import mimetypes
from typing import Final

DIRECTORY: Final = "directory"
"""Pinata's word for the type of a folder."""

SNIFFED: Final = 1445
"""Bytes that are looked at (section 3, "resource header")."""

_SIGNATURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"%!PS-Adobe-", "application/postscript"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"\0\0\x01\0", "image/x-icon"),
    (8, b"WEBPVP", "image/webp"),
    (8, b"WAVE", "audio/wave"),
    (8, b"AVI ", "video/avi"),
    (8, b"AIFF", "audio/aiff"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"OggS\0", "application/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"MThd\0\0\0\x06", "audio/midi"),
    (0, b"fLaC", "audio/flac"),
    (0, b"\0asm", "application/wasm"),
    (0, b"glTF", "model/gltf-binary"),
    (0, b"\x1f\x8b\x08", "application/x-gzip"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"Rar!\x1a\x07", "application/x-rar-compressed"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"PAR1", "application/vnd.apache.parquet"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
)
_MARKUP: Final = (
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<head", "text/html"),
    (b"<script", "text/html"),
    (b"<body", "text/html"),
    (b"<svg", "image/svg+xml"),
    (b"<?xml", "text/xml"),
)
_BINARY: Final = frozenset(range(9)) | {0x0B} | frozenset(range(0x0E, 0x1B)) | frozenset(range(0x1C, 0x20))


def sniff(start: bytes, name: str | None) -> str:
    """The media type of content that starts with these bytes and is called so."""
    start = start[:SNIFFED]
    for at, signature, kind in _SIGNATURES:
        if start[at : at + len(signature)] == signature:
            return kind
    guessed = mimetypes.guess_type(name or "")[0]
    if _BINARY.intersection(start):
        return guessed if guessed and not guessed.startswith("text/") else "application/octet-stream"
    text = start.lstrip(b"\t\n\x0c\r ").lower()
    for opening, kind in _MARKUP:
        if text.startswith(opening):
            return "image/svg+xml" if guessed == "image/svg+xml" else kind
    return guessed or ("application/json" if _is_json(text) else "text/plain")


def _is_json(start: bytes) -> bool:
    """Whether this is a JSON object or array, or how one begins."""
    if not start.startswith((b"{", b"[")):
        return False
    try:
        json.loads(start.decode(errors="ignore"))
    except json.JSONDecodeError as error:
        cut = len(start) > SNIFFED - 100  # it goes on where nobody has looked
        return cut and (error.msg.startswith("Unterminated string") or error.pos > len(error.doc) - 6)
    except RecursionError:
        return False
    return True
