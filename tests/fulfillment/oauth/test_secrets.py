"""Secrets of API clients are kept as digests, and the one before counts as long as it was given (A1, S2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.hashers import check_password, identify_hasher, make_password

from fulfillment.oauth.secrets import (
    ALGORITHM,
    encode_secret,
    new_secret,
    previous_valid_until,
    with_rotated,
    without_previous,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
END = NOW + timedelta(days=7)


def test_a1_a_secret_has_256_random_bits_and_needs_no_escaping() -> None:
    made = {new_secret() for _ in range(50)}
    assert len(made) == 50
    assert {len(secret) for secret in made} == {43}
    assert all(character.isalnum() or character in "-_" for secret in made for character in secret)


def test_s2_only_a_digest_is_stored() -> None:
    secret = new_secret()
    encoded = encode_secret(secret)
    assert secret not in encoded
    assert check_password(secret, encoded)
    for wrong in (secret + "x", secret[:-1], "", " " + secret, "ü", "\x00"):
        assert not check_password(wrong, encoded)


def test_a1_while_a_secret_is_replaced_both_count_until_the_older_ends() -> None:
    old, new = new_secret(), new_secret()
    encoded = with_rotated(encode_secret(old), new, END)
    assert previous_valid_until(encoded) == END
    with time_machine.travel(END - timedelta(seconds=1), tick=False):
        assert check_password(old, encoded)
        assert check_password(new, encoded)
    with time_machine.travel(END, tick=False):
        assert not check_password(old, encoded)
        assert check_password(new, encoded)


def test_a1_two_secrets_at_most_count_at_once() -> None:
    first, second, third = new_secret(), new_secret(), new_secret()
    encoded = with_rotated(with_rotated(encode_secret(first), second, END), third, END)
    with time_machine.travel(NOW, tick=False):
        assert [check_password(secret, encoded) for secret in (first, second, third)] == [False, True, True]


def test_a1_the_older_secret_can_be_ended_at_once() -> None:
    old, new = new_secret(), new_secret()
    encoded = without_previous(with_rotated(encode_secret(old), new, END))
    assert previous_valid_until(encoded) is None
    with time_machine.travel(NOW, tick=False):
        assert [check_password(secret, encoded) for secret in (old, new)] == [False, True]


def test_a1_what_is_stored_fits_the_column() -> None:
    assert len(with_rotated(encode_secret(new_secret()), new_secret(), datetime(9999, 1, 1, tzinfo=UTC))) <= 200


def test_a1_without_an_older_secret_an_empty_one_does_not_count() -> None:
    assert not check_password("", encode_secret(new_secret()))


@pytest.mark.parametrize(
    "encoded", ["", "client_secret$", "client_secret$a$b", "client_secret$a$b$c", "client_secret$a$b$1$2"]
)
def test_s2_text_that_is_damaged_lets_nobody_in(encoded: str) -> None:
    assert not check_password(new_secret(), encoded)
    assert previous_valid_until(encoded) is None


def test_a1_replacing_a_secret_stored_otherwise_leaves_only_the_new_one() -> None:
    old, new = new_secret(), new_secret()
    encoded = with_rotated(make_password(old), new, END)
    assert previous_valid_until(encoded) is None
    assert [check_password(secret, encoded) for secret in (old, new)] == [False, True]


def test_i1_people_s_passwords_are_hashed_as_before() -> None:
    assert identify_hasher(make_password("correct horse battery staple")).algorithm != ALGORITHM
    assert settings.PASSWORD_HASHERS[-1] == "fulfillment.oauth.secrets.ClientSecretHasher"
