"""What can be uploaded, and what the disk has against it."""

from __future__ import annotations

import io
import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest

from pinatakit import cid_of
from pinatakit.errors import InputError
from pinatakit.sources import Folder, Reader, gather, read_source


def names(folder):
    assert isinstance(folder, Folder)
    return [file.name for file in folder.files]


def read(source):
    reader = Reader(source)
    pieces = []
    while piece := reader.piece():
        pieces.append(piece)
    reader.close()
    return b"".join(pieces)


@pytest.fixture
def top(tmp_path):
    top = tmp_path / "top"
    top.mkdir()
    (top / "file").write_bytes(b"file")
    return top


def test_files_are_sorted_by_the_bytes_of_their_paths(top):
    for path in ("b/x", "a/y", "a.txt", "a-b", "B", "é", "\U0001f600", "\uffff", os.fsdecode(b"\xff")):
        (top / path).parent.mkdir(exist_ok=True)
        (top / path).write_text(path.encode("utf-8", "replace").decode())
    found = names(read_source(top))
    assert [os.fsencode(name) for name in found] == sorted(os.fsencode(name) for name in found)
    assert found.index("a-b") < found.index("a.txt") < found.index("a/y")
    assert len(found) == 10


def test_empty_folders_and_hidden_files_are_left_out(top):
    (top / "empty/emptier").mkdir(parents=True)
    (top / ".git").mkdir()
    (top / ".git/config").write_text("x")
    (top / "sub").mkdir()
    (top / "sub/.env").write_text("x")
    assert names(read_source(top)) == ["file"]
    assert names(read_source(top, hidden=True)) == [".git/config", "file", "sub/.env"]


def test_a_folder_that_is_hidden_itself_can_be_given(tmp_path):
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config/a").write_text("a")
    assert names(read_source(tmp_path / ".config")) == ["a"]


@pytest.mark.parametrize("how", ["nothing", "empty folders", "hidden"])
def test_a_folder_without_files_cannot_go(tmp_path, how):
    if how == "empty folders":
        (tmp_path / "a/b").mkdir(parents=True)
    if how == "hidden":
        (tmp_path / ".env").write_text("x")
    with pytest.raises(InputError, match="no files in") as caught:
        read_source(tmp_path)
    assert "hidden=True" in caught.value.hint


def test_symlinks_are_followed(top, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/far").write_bytes(b"far")
    (top / "link").symlink_to("file")
    (top / "folder").symlink_to(tmp_path / "elsewhere")
    source = read_source(top)
    assert names(source) == ["file", "folder/far", "link"]
    assert [read(file) for file in source.files] == [b"file", b"far", b"file"]
    (tmp_path / "top link").symlink_to(top)
    assert read_source(tmp_path / "top link").name == "top"
    assert read(read_source(top / "link")) == b"file"


def test_the_same_folder_may_be_linked_twice(top):
    (top / "real").mkdir()
    (top / "real/a").write_text("a")
    (top / "again").symlink_to("real")
    assert names(read_source(top)) == ["again/a", "file", "real/a"]


def test_a_broken_symlink_is_named_with_where_it_leads(top):
    (top / "broken").symlink_to("nowhere")
    for given in (top, top / "broken"):
        with pytest.raises(InputError, match="broken' is a broken symlink, to 'nowhere'") as caught:
            read_source(given)
        assert caught.value.hint


def test_a_symlink_to_a_folder_above_itself_is_named(top):
    (top / "sub").mkdir()
    (top / "sub/up").symlink_to("..")
    with pytest.raises(InputError, match="sub/up' is a symlink to a folder above itself"):
        read_source(top)


def test_a_symlink_to_itself_is_named(top):
    (top / "self").symlink_to("self")
    with pytest.raises(InputError, match="self' cannot be read: Too many levels"):
        read_source(top)


@pytest.fixture
def nobody():
    """A place that all may enter, and a process that is not root while the test runs."""
    place = Path(tempfile.mkdtemp(prefix="pinatakit-test-"))
    place.chmod(0o755)
    root = os.geteuid() == 0
    try:
        yield (place, lambda: os.seteuid(65534) if root else None)
    finally:
        if root:
            os.seteuid(0)
        for path in place.rglob("*"):
            path.chmod(0o755)
        shutil.rmtree(place)


def test_an_unreadable_file_is_named_before_a_byte_is_read(nobody):
    place, become_nobody = nobody
    (place / "a").write_text("a")
    (place / "z secret").write_text("z")
    (place / "z secret").chmod(0)
    become_nobody()
    for given in (place, place / "z secret"):
        with pytest.raises(InputError, match="z secret' cannot be read") as caught:
            read_source(given)
        assert "permission" in caught.value.hint


def test_an_unreadable_folder_is_named(nobody):
    place, become_nobody = nobody
    (place / "locked").mkdir(mode=0)
    become_nobody()
    with pytest.raises(InputError, match="locked' cannot be read"):
        read_source(place)


@pytest.mark.parametrize("kind", ["fifo", "socket"])
def test_what_is_neither_file_nor_folder_is_named_and_not_waited_for(top, kind, monkeypatch):
    monkeypatch.chdir(top)  # a socket's path is short
    if kind == "fifo":
        os.mkfifo("odd")
    else:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("odd")
    for given in (top, top / "odd"):
        with pytest.raises(InputError, match="odd' is neither a file nor a folder"):
            read_source(given)


def test_a_file_in_the_place_of_a_folder_is_told(top):
    with pytest.raises(InputError, match="cannot be read: Not a directory"):
        read_source(top / "file/x")


def test_a_folder_is_called_as_on_disk_wherever_one_stands(top, monkeypatch):
    monkeypatch.chdir(top)
    assert read_source(".").name == "top"
    (top / "sub").mkdir()
    monkeypatch.chdir(top / "sub")
    assert read_source("..").name == "top"


@pytest.mark.parametrize("name", [None, "", "a/b/c", "/c", 'c"'])
def test_a_name_of_bytes_is_plain(name):
    assert "/" not in read_source(b"", name=name).name
    assert read_source(b"", name=name).name


def test_an_open_file_is_read_from_where_it_stood_each_time(top):
    with (top / "file").open("rb") as file:
        file.seek(2)
        source = read_source(file)
        assert (source.name, source.size) == ("file", 2)
        assert read(source) == read(source) == b"le"
        assert not file.closed


def test_an_open_file_without_a_path_has_a_name_all_the_same():
    with tempfile.TemporaryFile() as nameless:
        for file in (io.BytesIO(b"x"), nameless):
            assert read_source(file).name == "file"
            assert read_source(file, name="given").name == "given"


def test_a_stream_without_an_end_in_sight_can_be_read_once():
    read_end, write_end = os.pipe()
    os.write(write_end, b"through the pipe")
    os.close(write_end)
    with os.fdopen(read_end, "rb") as stream:
        source = read_source(stream)
        assert (source.size, source.again) == (None, False)
        assert read(source) == b"through the pipe"


@pytest.mark.parametrize(
    ("state", "said"), [("closed", "the file is closed"), ("wb", "open for writing alone")]
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, state, said):
    with (tmp_path / "file").open("wb") as file:
        file.write(b"bytes")
        if state == "closed":
            file.close()
        with pytest.raises(InputError, match=said):
            read_source(file)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="there is no /proc")
def test_a_file_that_hides_its_size_is_refused_as_a_path_and_read_to_its_end_when_it_is_open():
    path = Path("/proc/version")
    assert path.stat().st_size == 0
    with pytest.raises(InputError, match="has bytes, and says that it has none"):
        read_source(path)
    with path.open("rb") as file:
        source = read_source(file)
        assert (source.size, source.again) == (None, False)
        assert read(source) == path.read_bytes()


@pytest.mark.parametrize("given", [["a.txt"], ("a.txt",), {"a": 1}])
def test_what_goes_by_another_method_is_told(given):
    with pytest.raises(InputError, match=r"cannot be uploaded\n.*upload_files\(\).*upload_json\(\)"):
        read_source(given)


def test_what_reads_as_text_is_refused():
    class Text(io.BytesIO):
        def read(self, _):
            return "text"

    with pytest.raises(InputError, match="open as text"):
        read(read_source(Text(b"1234")))


def test_a_file_that_changed_is_found_at_its_end(top):
    source = read_source(top / "file")
    reader = Reader(source)
    (top / "file").write_bytes(b"other")
    with pytest.raises(InputError, match="changed while it was read"):
        reader.piece()
    reader.close()


def test_an_empty_file_that_changed_is_found_too(top):
    (top / "file").write_bytes(b"")
    reader = Reader(read_source(top / "file"))
    (top / "file").write_bytes(b"x")
    with pytest.raises(InputError, match="changed while it was read"):
        reader.piece()
    reader.close()


def test_files_are_gathered_under_their_own_names(tmp_path, top):
    (tmp_path / "another").write_text("x")
    folder = gather([top / "file", str(tmp_path / "another")], "both")
    assert (folder.name, names(folder)) == ("both", ["another", "file"])


def test_files_of_one_name_cannot_be_gathered(top, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="two of the files are called 'file'"):
        gather([top / "file", tmp_path / "file"], "both")


def test_folders_and_nothing_cannot_be_gathered(top):
    with pytest.raises(InputError, match="'top' is a folder among files"):
        gather([top], "x")
    with pytest.raises(InputError, match="no files to upload"):
        gather([], "x")


# What is no file


def taken(source, size=1 << 20):
    reader = Reader(source)
    data = b""
    while piece := reader.piece(size):
        assert len(piece) <= size
        data += piece
    reader.close()
    return data


@pytest.mark.parametrize(
    ("url", "data", "media_type"),
    [
        # RFC 2397, section 4; the others by section 3 and RFC 4648.
        ("data:,A%20brief%20note", b"A brief note", None),
        ("data:text/plain;charset=iso-8859-7,%be%d3%be", b"\xbe\xd3\xbe", "text/plain"),
        ("data:image/png;base64,iVBORw0KGgo=", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("DATA:IMAGE/PNG;BASE64,iVBORw0KGgo=", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("data:;base64,aGVsbG8", b"hello", None),
        ("data:;base64,aGVs\n bG8=\n", b"hello", None),
        ("data:;base64,aGVsbG8%3D", b"hello", None),
        ("data:;base64,", b"", None),
    ],
)
def test_a_data_url_is_its_content(url, data, media_type):
    source = read_source(url, name="note")
    assert (source.name, source.size, source.media_type) == ("note", len(data), media_type)
    assert (taken(source), taken(source)) == (data, data)
    assert cid_of(url) == cid_of(data)


@pytest.mark.parametrize("text", ["a", "aGVsbG8=x", "aGV*", "aGV-_w", "=", "aGVsbG8=="])
def test_what_is_not_base64_is_refused(text):
    with pytest.raises(InputError, match="is not base64"):
        read_source(f"data:;base64,{text}")


def test_a_file_of_a_name_like_a_data_url_goes_as_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data:,x").write_bytes(b"a file")
    assert taken(read_source(Path("data:,x"))) == b"a file"
    assert taken(read_source("./data:,x")) == b"a file"


@pytest.mark.parametrize("sizes", [[], [0], [1] * 100, [5, 0, 7], [3000], [999, 1000, 1001, 2500]])
def test_an_iterator_is_taken_in_pieces_of_one_size(sizes):
    pieces = [os.urandom(size) for size in sizes]
    source = read_source(iter(pieces), name="pieces")
    assert (source.name, source.size, source.again) == ("pieces", None, False)
    assert taken(source, 1000) == b"".join(pieces)


def test_an_iterator_may_give_its_buffer_again_and_again():
    def pieces():
        buffer = bytearray(b"....")
        for byte in range(5):
            buffer[:] = bytes([byte]) * 4
            yield buffer
            yield memoryview(buffer)

    expected = b"".join(bytes([byte]) * 8 for byte in range(5))
    assert taken(read_source(pieces()), 3) == expected


def test_an_iterator_of_something_else_is_refused():
    with pytest.raises(InputError, match="gave str 'a.txt' where bytes were expected") as caught:
        taken(read_source(iter(["a.txt", "b.txt"])))
    assert "upload_files" in caught.value.hint


def test_an_async_iterator_is_refused_where_nothing_is_awaited():
    async def pieces():
        yield b""

    with pytest.raises(InputError, match="async iterator") as caught:
        cid_of(pieces())
    assert "AsyncPinata" in caught.value.hint


def test_an_iterator_has_a_cid():
    assert cid_of(iter([b"hel", b"lo"])) == cid_of(b"hello")
