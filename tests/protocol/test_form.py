"""A form arrives as it was written; the standard library's MIME parser is the witness."""

from __future__ import annotations

import email.parser
import email.policy

import pytest

from pinatakit.errors import InputError
from pinatakit.protocol import form

NAMES = [
    "plain.txt",
    "folder/sub/world.txt",
    'we"ird.txt',
    "back\\slash.txt",
    '\\"',
    "ends with \\",
    "ümläut 😀.txt",
    "100%.txt",
    "a%22b%2Fc",
    "semi; filename=evil; name=evil.txt",
    "a, b = c.txt",
    " spaces ",
    "",
]


def written(name: str) -> bytes:
    """The Content-Disposition's value that `file_head` writes."""
    head = form.file_head("BOUNDARY", name)
    line = head.split(b"\r\n")[1]
    return line.removeprefix(b"Content-Disposition: ")


def test_a_field_is_a_part_of_its_own():
    assert form.field("BOUNDARY", "network", "public") == (
        b'--BOUNDARY\r\nContent-Disposition: form-data; name="network"\r\n\r\npublic\r\n'
    )


def test_a_file_has_a_name_and_a_type_before_its_bytes():
    assert form.file_head("BOUNDARY", "photo.png") == (
        b'--BOUNDARY\r\nContent-Disposition: form-data; name="file"; filename="photo.png"\r\n'
        b"Content-Type: image/png\r\n\r\n"
    )
    assert b"Content-Type: application/octet-stream\r\n" in form.file_head("BOUNDARY", "what.unknown-kind")


def test_the_end_has_two_dashes_on_either_side():
    assert form.end("BOUNDARY") == b"--BOUNDARY--\r\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_read_as_it_was_written(name):
    assert form.disposition(written(name)) == {"name": "file", "filename": name}


@pytest.mark.parametrize(
    "name", ["plain.txt", 'we"ird.txt', "back\\slash.txt", "folder/sub/world.txt", "100%.txt"]
)
def test_a_whole_form_is_read_by_another_parser(name):
    body = (
        form.field("BOUNDARY", "pinataOptions", '{"cidVersion":1}')
        + form.file_head("BOUNDARY", name)
        + b"some bytes"
        + form.FILE_END
        + form.end("BOUNDARY")
    )
    head = b"Content-Type: multipart/form-data; boundary=BOUNDARY\r\n\r\n"
    field, file = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body).iter_parts()
    assert field.get_param("name", header="content-disposition") == "pinataOptions"
    assert field.get_payload() == '{"cidVersion":1}'
    assert file.get_param("name", header="content-disposition") == "file"
    assert file.get_filename() == name
    assert file.get_payload(decode=True) == b"some bytes"


@pytest.mark.parametrize("sign", ["\r", "\n", "\0"])
def test_a_name_no_header_can_carry_is_refused(sign):
    with pytest.raises(InputError, match="line break or a NUL") as caught:
        form.file_head("BOUNDARY", f"a{sign}b")
    assert "rename" in str(caught.value)


def test_a_name_that_is_not_utf8_keeps_its_bytes():
    assert b'filename="\xff.bin"' in written("\udcff.bin")
    assert form.disposition(written("\udcff.bin"))["filename"] == "\udcff.bin"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"form-data; name=file; filename=a.txt", {"name": "file", "filename": "a.txt"}),
        (b'form-data;name="file";filename="a.txt"', {"name": "file", "filename": "a.txt"}),
        (b'form-data; NAME="file"; Filename="a.txt"', {"name": "file", "filename": "a.txt"}),
        (b'form-data; filename="a.txt"; name="file"', {"name": "file", "filename": "a.txt"}),
        (b'form-data; name="file"; filename=""', {"name": "file", "filename": ""}),
        (b"form-data", {}),
        (b"", {}),
    ],
)
def test_the_spellings_of_other_clients_are_read(header, found):
    assert form.disposition(header) == found
