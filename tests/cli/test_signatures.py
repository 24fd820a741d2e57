"""``sign``: a CID is vouched for."""

from __future__ import annotations

KEY = "46" * 32


def test_a_file_is_signed_with_a_key_that_is_never_an_argument(ask_here, ask, served, tmp_path):
    cid = served.client.upload(b"signed here").cid
    (tmp_path / "wallet.key").write_text(f"{KEY}\n")
    made = ask_here("sign", "create", cid, "--key-file", "wallet.key", "--json").json
    assert made["cid"] == str(cid)
    assert ask_here("sign", "get", cid, "--json").json == made
    assert ask_here("sign", "delete", cid).code == 0
    assert ask_here("sign", "get", cid).failed(3)
    again = ask("sign", "create", cid, "--key-file", "-", "--json", input=KEY.encode()).json
    assert again == made
    assert ask("sign", "create", cid).failed(2)


def test_a_signature_made_elsewhere_is_attached(ask_here, served):
    from pinatakit.protocol.signatures import sign
    from pinatakit.protocol.times import micros

    cid = served.client.upload(b"signed elsewhere").cid
    [file] = served.client.files.list(cid=cid)
    made = sign(KEY, cid=str(cid), date=micros(file.created_at))
    assert (
        ask_here("sign", "add", cid, made.signature, made.address, "--json").json["signature"]
        == made.signature
    )
