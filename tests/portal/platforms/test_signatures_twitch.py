"""P1, P3: what Twitch's signature covers, and that nothing else passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.platforms.twitch import signatures
from tests import payloads
from tests.signers import twitch as signer

SECRET = "0123456789abcdef"
MESSAGE = {
    "message_id": "e76c6bd4-55c9-4987-8304-da1588d8988b",
    "timestamp": "2026-01-02T03:04:05.123456789Z",
    "body": b'{"hello":"drops"}',
}
SIGNATURE = "sha256=a28c621ef7b93a1fcb43ddbd9ff1d973f9e98df99b8761780f579699368ef337"


def verifies(signature: str, *, secrets: tuple[str, ...] = (SECRET,), **changed: object) -> bool:
    return signatures.verify(secrets=secrets, signature=signature, **{**MESSAGE, **changed})


def test_p1_the_known_vector_is_accepted_and_the_signer_makes_it() -> None:
    assert verifies(SIGNATURE)
    assert signer.sign(SECRET, **MESSAGE) == SIGNATURE


@pytest.mark.parametrize("recorded", [payloads.twitch_notification(), payloads.twitch_verification()])
def test_p3_what_the_command_line_tool_sent_is_accepted(recorded: payloads.Recorded) -> None:
    assert signatures.verify(
        secrets=[payloads.TWITCH_SECRET],
        message_id=recorded.headers[signatures.MESSAGE_ID_HEADER],
        timestamp=recorded.headers[signatures.TIMESTAMP_HEADER],
        body=recorded.body,
        signature=recorded.headers[signatures.SIGNATURE_HEADER],
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"body": b'{"hello":"drops"} '},
        {"body": b""},
        {"timestamp": "2026-01-02T03:04:05.123456780Z"},
        {"timestamp": ""},
        {"message_id": "e76c6bd4-55c9-4987-8304-da1588d8988c"},
        {"message_id": "\N{SNOWMAN}"},
    ],
)
def test_p1_anything_changed_is_refused(changed: dict[str, object]) -> None:
    assert not verifies(SIGNATURE, **changed)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        SIGNATURE[:-1],
        SIGNATURE + "0",
        SIGNATURE.removeprefix("sha256="),
        "sha1=" + "0" * 40,
        "é",
        " " + SIGNATURE,
    ],
)
def test_p1_a_truncated_missing_or_strange_signature_is_refused(signature: str) -> None:
    assert not verifies(signature)


def test_p1_while_the_secret_is_changed_either_secret_is_accepted_and_no_third() -> None:
    both = ("the-new-secret-0001", SECRET)
    assert verifies(SIGNATURE, secrets=both)
    assert verifies(signer.sign("the-new-secret-0001", **MESSAGE), secrets=both)
    assert not verifies(signer.sign("another-secret-0001", **MESSAGE), secrets=both)


def test_p1_an_empty_secret_and_no_secret_accept_nothing() -> None:
    anybody = signer.sign("", **MESSAGE)
    assert not verifies(anybody, secrets=("",))
    assert not verifies(anybody, secrets=(SECRET, ""))
    assert not verifies(SIGNATURE, secrets=())


@given(
    signature=st.text(max_size=100),
    message_id=st.text(max_size=40),
    timestamp=st.text(max_size=40),
    body=st.binary(),
)
def test_p1_nothing_that_comes_in_raises(signature: str, message_id: str, timestamp: str, body: bytes) -> None:
    assert not verifies(signature, message_id=message_id, timestamp=timestamp, body=body)


def test_p3_the_age_of_a_message_is_told_from_its_timestamp() -> None:
    now = datetime(2026, 1, 2, 3, 14, 5, 123456, tzinfo=UTC)
    assert signatures.age(MESSAGE["timestamp"], now=now) == timedelta(minutes=10)
    assert signatures.age("2026-01-02T03:14:06.123456Z", now=now) == timedelta(seconds=-1)
    assert signatures.age("yesterday", now=now) is None
