"""Where players are sent back to (A1, S3): what is registered, to the letter, but for the port of a loopback address."""

from __future__ import annotations

import pytest

from fulfillment.rules.redirects import form_source, may_return_to

REGISTERED = ["https://a.example.org/cb", "http://127.0.0.1:1/cb", "http://[::1]/", "com.example.game:/done"]


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("https://a.example.org/cb", True),
        ("https://a.example.org/cb/", False),
        ("https://a.example.org:443/cb", False),
        ("https://A.example.org/cb", False),
        ("http://a.example.org/cb", False),
        ("https://a.example.org/cb?x", False),
        ("http://127.0.0.1:1/cb", True),
        ("http://127.0.0.1:50000/cb", True),
        ("http://127.0.0.1/cb", True),
        ("http://127.0.0.1:50000/other", False),
        ("http://127.0.0.1:50000", False),
        ("http://127.0.0.1:500000/cb", False),
        ("http://127.0.0.1:50000@evil.example/cb", False),
        ("http://evil@127.0.0.1:1/cb", False),
        ("http://127.0.0.1.evil.example/cb", False),
        ("http://127.0.0.2:1/cb", False),
        ("http://localhost:1/cb", False),
        ("http://[::1]:9/", True),
        ("http://[::1]", False),
        ("com.example.game:/done", True),
        ("com.example.game:/done/", False),
        ("", False),
    ],
)
def test_a1_an_address_is_compared_to_the_letter(address: str, may: bool) -> None:
    assert may_return_to(address, REGISTERED) is may


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("https://a.example.org/cb?x=1", "https://a.example.org"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("com.example.game:/done", "com.example.game:"),
        ("http://[::1]:9/", ""),
        ("https://a.example.org;script-src/cb", ""),
        ("https://*/cb", ""),
        ("https://user@a.example.org/", ""),
    ],
)
def test_s3_a_policy_names_no_more_than_the_address(address: str, source: str) -> None:
    assert form_source(address) == source
