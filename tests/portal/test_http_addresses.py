"""D7: which addresses the portal calls, told from the address alone."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from portal.http import UrlRefused, check_url, validate_outbound_url
from portal.http.addresses import Forbidden, why_forbidden


@pytest.fixture(autouse=True)
def production(settings: Any) -> None:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = False
    settings.PORTAL_OUTBOUND_ALLOWED_NETWORKS = []


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("10.0.0.1", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("100.127.255.255", "private"),
        ("169.254.169.254", "link_local"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.250", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("192.0.2.1", "reserved"),
        ("198.18.0.1", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("fc00::1", "private"),
        ("fd12:3456::1", "private"),
        ("fe80::1", "link_local"),
        ("fe80::1%eth0", "link_local"),
        ("2606:4700::1%eth0", "link_local"),
        ("fec0::1", "private"),
        ("ff02::1", "multicast"),
        ("2001:db8::1", "reserved"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:10.0.0.1", "private"),
        ("::ffff:169.254.169.254", "link_local"),
        ("::127.0.0.1", "loopback"),
        ("64:ff9b::7f00:1", "loopback"),
        ("64:ff9b::a9fe:a9fe", "link_local"),
        ("64:ff9b:1::a00:1", "private"),
        ("2002:7f00:1::", "loopback"),
        ("2002:a00:1::1", "private"),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", "reserved"),
        ("2606:4700::5efe:a00:1", "private"),
        ("2606:4700::200:5efe:7f00:1", "loopback"),
        ("100::1", "reserved"),
        ("4000::1", "reserved"),
        ("8.8.8.8", None),
        ("172.32.0.1", None),
        ("100.128.0.1", None),
        ("2606:4700:4700::1111", None),
        ("::ffff:8.8.8.8", None),
        ("64:ff9b::808:808", None),
        ("2002:808:808::1", None),
    ],
)
def test_d7_an_address_is_permitted_or_refused_with_the_reason(address: str, reason: str | None) -> None:
    assert why_forbidden(ip_address(address)) == reason


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203"])
def test_d7_the_administrator_can_permit_a_range_however_the_address_is_written(address: str) -> None:
    assert why_forbidden(ip_address(address), allowed=[ip_network("10.1.0.0/16")]) is None
    assert why_forbidden(ip_address(address), allowed=[ip_network("10.2.0.0/16")]) is Forbidden.PRIVATE


@given(st.ip_addresses(v=4))
def test_d7_an_ipv4_address_is_no_better_for_being_written_as_ipv6(address: object) -> None:
    plain = why_forbidden(ip_address(str(address)))
    for prefix in ("::ffff:", "64:ff9b::"):
        assert why_forbidden(ip_address(f"{prefix}{address}")) == plain


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://game.example/rewards", None),
        ("https://game.example:8443/rewards?a=b#c", None),
        ("HTTPS://GAME.EXAMPLE", None),
        ("https://bücher.example/", None),
        ("https://a_b.game.example/", None),
        ("https://game.example./", None),
        ("https://8.8.8.8/", None),
        ("https://[2606:4700:4700::1111]/", None),
        ("", "malformed"),
        ("game.example", "malformed"),
        ("/rewards", "malformed"),
        ("https://", "malformed"),
        ("https:///rewards", "malformed"),
        ("https://game.example/ rewards", "malformed"),
        ("https://game.example/\r\nHost: x", "malformed"),
        ("https://game.example\\@10.0.0.1/", "malformed"),
        ("https://[::1", "malformed"),
        ("https://" + "a" * 2000, "too_long"),
        ("http://game.example/", "not_https"),
        ("http://localhost:9000/", "not_https"),
        ("ftp://game.example/", "not_https"),
        ("javascript:alert(1)", "malformed"),
        ("file:///etc/passwd", "malformed"),
        ("https://user@game.example/", "userinfo"),
        ("https://user:password@game.example/", "userinfo"),
        ("https://@game.example/", "userinfo"),
        ("https://game.example:0/", "port"),
        ("https://game.example:70000/", "port"),
        ("https://game.example:port/", "port"),
        ("https://game..example/", "host"),
        ("https://-game.example/", "host"),
        ("https://game%2eexample/", "host"),
        ("https://" + "a" * 64 + ".example/", "host"),
        ("https://localhost/", "loopback"),
        ("https://LOCALHOST./", "loopback"),
        ("https://api.localhost/", "loopback"),
        ("https://127.0.0.1/", "loopback"),
        ("https://127.1/", "loopback"),
        ("https://2130706433/", "loopback"),
        ("https://0x7f.0.0.1/", "loopback"),
        ("https://017700000001/", "loopback"),
        ("https://１２７.0.0.1/", "loopback"),
        ("https://127.0.0.1./", "loopback"),
        ("https://[::1]/", "loopback"),
        ("https://[::ffff:10.0.0.1]/", "private"),
        ("https://169.254.169.254/latest/meta-data", "link_local"),
        ("https://10.0.0.1/", "private"),
    ],
)
def test_d7_a_url_is_permitted_or_refused_with_the_reason(url: str, reason: str | None) -> None:
    if reason is None:
        check_url(url)
        validate_outbound_url(url)
        return
    with pytest.raises(UrlRefused) as caught:
        check_url(url)
    assert caught.value.reason == reason
    assert caught.value.permanent
    with pytest.raises(ValidationError) as invalid:
        validate_outbound_url(url)
    assert invalid.value.messages == [str(caught.value.sentence)]


def test_d7_http_is_for_this_machine_in_development_only(settings: Any) -> None:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    for url in ("http://localhost:8001/", "http://127.0.0.1:8001/", "http://[::1]:8001/", "https://localhost/"):
        check_url(url)
    for url, reason in (
        ("http://game.example/", "not_https"),
        ("http://10.0.0.1/", "not_https"),
        ("https://10.0.0.1/", "private"),
    ):
        with pytest.raises(UrlRefused) as caught:
            check_url(url)
        assert caught.value.reason == reason


def test_d7_a_permitted_range_is_for_https_too(settings: Any) -> None:
    settings.PORTAL_OUTBOUND_ALLOWED_NETWORKS = ["10.0.0.0/8"]
    check_url("https://10.0.0.1/")
    with pytest.raises(UrlRefused):
        check_url("http://10.0.0.1/")


@given(st.text())
def test_no_text_raises_anything_but_the_refusal(text: str) -> None:
    for url in (text, f"https://{text}", f"https://game.example{text}"):
        try:
            check_url(url)
        except UrlRefused as error:
            assert str(error.sentence)
