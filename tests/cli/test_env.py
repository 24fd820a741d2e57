"""``env``: what a report of a mistake should tell, and nothing more."""

from __future__ import annotations

from pinatakit import __version__


def test_versions_and_settings_are_told_and_secrets_masked(here, served):
    ran = here("env", "--json", env=served.env | {"PINATA_GATEWAY_KEY": "very-secret", "PINATA_TIMEOUT": "7"})
    assert ran.code == 0
    assert ran.json["pinatakit"] == __version__
    assert ran.json["settings"]["endpoint"] == served.url
    assert ran.json["environment"]["PINATA_JWT"] == ran.json["environment"]["PINATA_GATEWAY_KEY"] == "***"
    assert ran.json["environment"]["PINATA_TIMEOUT"] == "7"
    assert served.about["jwt"] not in ran.out
    assert "very-secret" not in ran.out


def test_settings_that_contradict_are_told_and_not_an_error(here):
    ran = here("env", env={"PINATA_NETWORK": "both"})
    assert ran.code == 0
    assert "network is public or private" in ran.out
