import json

import pytest

from identity_boundary import status_parser


def test_counters_are_read_between_other_lines():
    text = "draining\nsynced: 3\npending: 0\n  rejected: 1\nerrors: 0\nsee unknown: x\n"
    assert status_parser.sync_counters(text) == {
        "synced": 3,
        "pending": 0,
        "rejected": 1,
        "errors": 0,
    }


def test_the_version_stands_behind_the_banner():
    text = "  /\\_/\\\n spec-kitty-cli version in a banner\n\nspec-kitty-cli version 3.2.0rc13\n"
    assert status_parser.version_line(text) == "spec-kitty-cli version 3.2.0rc13"
    assert status_parser.version_line("no version") is None


def test_a_boundary_status_has_all_its_keys():
    document = dict.fromkeys(status_parser.REQUIRED)
    assert status_parser.boundary_status(json.dumps(document)) == document
    del document["mismatches"]
    with pytest.raises(ValueError, match="missing keys: mismatches"):
        status_parser.boundary_status(json.dumps(document))


def test_something_else_is_no_boundary_status():
    with pytest.raises(ValueError):
        status_parser.boundary_status("[]")
    with pytest.raises(ValueError):
        status_parser.boundary_status("Not logged in.")
