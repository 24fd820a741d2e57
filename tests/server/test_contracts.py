"""Answers have every field that Pinata's OpenAPI files and documentation declare."""

from __future__ import annotations

import pytest

from .conftest import group, upload

DECLARED = {
    "/data/userPinnedDataTotal": "pin_count pin_size_total pin_size_with_replications_total",
    "/data/pinList": "rows.id rows.ipfs_pin_hash rows.size rows.user_id rows.date_pinned rows.date_unpinned"
    " rows.metadata.name rows.metadata.keyvalues rows.regions.regionId rows.mime_type rows.number_of_files",
    "/users/apiKeys": "keys.id keys.name keys.key keys.secret keys.max_uses keys.uses keys.user_id keys.scopes"
    " keys.revoked keys.createdAt keys.updatedAt count",
    "/groups": "id user_id name createdAt updatedAt",
    "/v3/files/public": "data.files.id data.files.name data.files.cid data.files.size data.files.number_of_files"
    " data.files.mime_type data.files.group_id data.files.keyvalues data.files.created_at data.next_page_token",
    "/v3/groups/public": "data.groups.id data.groups.name data.groups.is_public data.groups.created_at",
    "/v3/api_keys": "keys.id keys.name keys.key keys.max_uses keys.uses keys.user_id keys.scopes keys.revoked"
    " keys.createdAt keys.updatedAt count",
    "/v3/files/limits": "data.folder_max_files",
    "/psa/pins": "count results.requestid results.status results.created results.pin.cid results.pin.origins"
    " results.pin.meta results.delegates results.info",
}


@pytest.mark.parametrize("path", DECLARED)
def test_an_answer_has_every_declared_field(api, path):
    upload(api, b"declared", keyvalues='{"a":"b"}', group_id=group(api))
    answer = api.get(path)
    assert answer.status_code == 200
    for field in DECLARED[path].split():
        value = answer.json()
        for name in field.split("."):
            value = value[0] if isinstance(value, list) else value
            assert name in value, field
            value = value[name]
