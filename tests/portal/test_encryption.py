"""S2: secrets at rest, and changing the key under them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import serializers
from django.core.exceptions import FieldError, ImproperlyConfigured, ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Value
from hypothesis import given
from hypothesis import strategies as st

from portal.encryption import PREFIX, DecryptionFailed, EncryptedTextField, decrypt, encrypt, reencrypt
from portal.models import Organization, PlatformCredential, User
from portal.tokens import hash_token, new_token

OLD = "an old key, made of 32 characters or more"
NEW = "a new key, made of 32 characters or more"
SECRET = "lab-secret-0123456789"


@pytest.fixture(autouse=True)
def old_key(settings: Any) -> None:
    settings.PORTAL_ENCRYPTION_KEYS = [OLD]


def credential(platform: str = "twitch", **values: str) -> PlatformCredential:
    organization, _ = Organization.objects.get_or_create(name="Studio", slug="studio")
    made = PlatformCredential(organization=organization, platform=platform, client_id="abc", **values)
    made.renew_url_token()
    made.save()
    return made


def stored(pk: str, column: str = "client_secret") -> str:
    """Return what the database itself holds."""
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(PlatformCredential._meta.db_table)
        cursor.execute(f"SELECT {column} FROM {table} WHERE id = %s", [pk])
        value: str = cursor.fetchone()[0]
    return value


def rotate() -> str:
    out = io.StringIO()
    call_command("rotate_encryption_key", stdout=out)
    return out.getvalue()


@given(st.text())
def test_what_is_encrypted_comes_back_and_shows_nothing(text: str) -> None:
    value = encrypt(text)
    assert decrypt(value) == text
    assert value.startswith(PREFIX)
    assert value.isascii()
    assert len(text) < 8 or text not in value


def test_the_same_text_is_never_encrypted_alike() -> None:
    assert encrypt(SECRET) != encrypt(SECRET)


@pytest.mark.parametrize("value", ["", SECRET, PREFIX, PREFIX + "x", PREFIX + "é", "gAAAAAB"])
def test_what_is_not_ours_is_refused_in_a_plain_sentence(value: str) -> None:
    for act in (decrypt, reencrypt):
        with pytest.raises(DecryptionFailed, match="PORTAL_ENCRYPTION_KEYS") as caught:
            act(value)
        assert SECRET not in str(caught.value)


def test_a_changed_character_is_noticed() -> None:
    value = encrypt(SECRET)
    middle = len(value) // 2
    changed = value[:middle] + ("A" if value[middle] != "A" else "B") + value[middle + 1 :]
    with pytest.raises(DecryptionFailed):
        decrypt(changed)


def test_s2_the_first_key_encrypts_and_all_decrypt(settings: Any) -> None:
    value = encrypt(SECRET)
    settings.PORTAL_ENCRYPTION_KEYS = [NEW, OLD]
    assert decrypt(value) == SECRET
    fresh, renewed = encrypt(SECRET), reencrypt(value)
    settings.PORTAL_ENCRYPTION_KEYS = [NEW]
    assert decrypt(fresh) == decrypt(renewed) == SECRET
    with pytest.raises(DecryptionFailed):
        decrypt(value)


@pytest.mark.parametrize("keys", [[], ["short"], [OLD, "x" * 31]])
def test_s2_without_a_key_or_with_a_short_one_nothing_starts(settings: Any, keys: list[str]) -> None:
    settings.PORTAL_ENCRYPTION_KEYS = keys
    with pytest.raises(ImproperlyConfigured) as caught:
        encrypt(SECRET)
    assert not keys or keys[-1] not in str(caught.value)


@pytest.mark.django_db
class TestField:
    def test_the_database_holds_no_plain_text_and_python_does(self) -> None:
        made = credential(client_secret=SECRET)
        assert stored(made.pk).startswith(PREFIX)
        assert SECRET not in stored(made.pk)
        found = PlatformCredential.objects.get(pk=made.pk)
        assert found.client_secret == SECRET
        assert isinstance(found.client_secret, str)

    def test_every_way_of_writing_encrypts(self) -> None:
        made = credential(client_secret=SECRET)
        for write in (
            lambda: PlatformCredential.objects.filter(pk=made.pk).update(client_secret="by update"),
            lambda: PlatformCredential.objects.bulk_update([_with(made, "by bulk update")], ["client_secret"]),
            lambda: _with(made, PREFIX + "looks encrypted").save(update_fields=["client_secret"]),
        ):
            write()
            assert stored(made.pk).startswith(PREFIX + "gAAAA")
        assert PlatformCredential.objects.get(pk=made.pk).client_secret == PREFIX + "looks encrypted"

    def test_saving_what_was_read_changes_nothing(self) -> None:
        made = PlatformCredential.objects.get(pk=credential(client_secret=SECRET).pk)
        made.save()
        made.refresh_from_db()
        assert made.client_secret == SECRET

    def test_an_empty_text_stays_empty(self) -> None:
        made = credential()
        assert stored(made.pk) == ""
        assert PlatformCredential.objects.get(pk=made.pk).client_secret == ""

    def test_plain_text_in_the_column_is_not_taken_for_a_secret(self) -> None:
        made = credential(client_secret=SECRET)
        PlatformCredential.objects.filter(pk=made.pk).update(client_secret=Value("planted"))
        with pytest.raises(DecryptionFailed):
            PlatformCredential.objects.get(pk=made.pk)

    def test_what_was_read_does_not_show_itself_in_debug_output(self) -> None:
        found = PlatformCredential.objects.get(pk=credential(client_secret=SECRET).pk)
        assert SECRET not in repr(found.client_secret)
        assert SECRET not in repr([found.client_secret])
        assert f"{found.client_secret}" == SECRET

    @pytest.mark.parametrize("lookup", ["", "__exact", "__in", "__contains", "__startswith", "__gt", "__regex"])
    def test_it_cannot_be_searched(self, lookup: str) -> None:
        with pytest.raises(FieldError, match="encrypted"):
            PlatformCredential.objects.filter(**{f"client_secret{lookup}": SECRET})

    def test_only_whether_it_is_there_can_be_asked(self) -> None:
        credential(client_secret=SECRET)
        assert PlatformCredential.objects.filter(client_secret__isnull=False).count() == 1

    def test_dumped_data_holds_no_plain_text_and_can_be_loaded(self) -> None:
        made = credential(client_secret=SECRET)
        dumped = serializers.serialize("json", [made])
        assert SECRET not in dumped
        (loaded,) = serializers.deserialize("json", dumped)
        assert loaded.object.client_secret == SECRET

    def test_dumped_data_of_another_portal_is_refused(self, settings: Any) -> None:
        value = encrypt(SECRET)
        settings.PORTAL_ENCRYPTION_KEYS = [NEW]
        with pytest.raises(ValidationError, match="key that is not set"):
            EncryptedTextField().clean(value, None)

    def test_migrations_name_it_plainly(self) -> None:
        _, path, args, kwargs = EncryptedTextField(blank=True).deconstruct()
        assert (path, args, kwargs) == ("portal.encryption.EncryptedTextField", [], {"blank": True})


def _with(made: PlatformCredential, secret: str) -> PlatformCredential:
    made.client_secret = secret
    return made


@pytest.mark.django_db
class TestRotation:
    def test_s2_every_secret_moves_to_the_first_key(self, settings: Any) -> None:
        both = [credential("twitch", client_secret=SECRET, webhook_secret="w"), credential("kick", client_secret="k")]
        settings.PORTAL_ENCRYPTION_KEYS = [NEW, OLD]
        assert "portal.PlatformCredential.client_secret: 2 encrypted anew" in rotate()
        settings.PORTAL_ENCRYPTION_KEYS = [NEW]
        found = {one.platform: one for one in PlatformCredential.objects.all()}
        assert (found["twitch"].client_secret, found["twitch"].webhook_secret) == (SECRET, "w")
        assert (found["kick"].client_secret, found["kick"].webhook_secret) == ("k", "")
        assert {one.url_token for one in both} == {one.url_token for one in found.values()}

    def test_s2_a_second_run_changes_nothing(self, settings: Any) -> None:
        made = credential(client_secret=SECRET)
        settings.PORTAL_ENCRYPTION_KEYS = [NEW, OLD]
        rotate()
        before = stored(made.pk)
        assert "client_secret: 0 encrypted anew" in rotate()
        assert stored(made.pk) == before

    def test_s2_a_secret_that_cannot_be_read_is_kept_told_and_stops_no_other(self, settings: Any) -> None:
        lost = credential("twitch", client_secret=SECRET)
        settings.PORTAL_ENCRYPTION_KEYS = [NEW]
        kept = credential("kick", client_secret="k")
        before = stored(lost.pk)
        settings.PORTAL_ENCRYPTION_KEYS = ["a third key, made of 32 characters or more", NEW]
        with pytest.raises(CommandError, match="2 secret"):
            rotate()
        assert stored(lost.pk) == before
        settings.PORTAL_ENCRYPTION_KEYS = ["a third key, made of 32 characters or more"]
        assert PlatformCredential.objects.get(pk=kept.pk).client_secret == "k"

    def test_s2_second_factors_move_too(self, settings: Any) -> None:
        user = User.objects.create(username="ann", email="ann@studio.example")
        data = {"secret": encrypt("totp"), "migrated_codes": [encrypt("a"), "plain"], "used_mask": 0}
        factor = Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data=data)
        settings.PORTAL_ENCRYPTION_KEYS = [NEW, OLD]
        assert "mfa.Authenticator.data: 2 encrypted anew" in rotate()
        assert "mfa.Authenticator.data: 0 encrypted anew" in rotate()
        settings.PORTAL_ENCRYPTION_KEYS = [NEW]
        factor.refresh_from_db()
        assert decrypt(factor.data["secret"]) == "totp"
        assert decrypt(factor.data["migrated_codes"][0]) == "a"
        assert (factor.data["migrated_codes"][1], factor.data["used_mask"]) == ("plain", 0)

    def test_s2_more_rows_than_a_batch_all_move(self, settings: Any) -> None:
        for number in range(5):
            organization = Organization.objects.create(name=f"S{number}", slug=f"s{number}")
            made = PlatformCredential(organization=organization, platform="kick", client_id="a", client_secret="k")
            made.renew_url_token()
            made.save()
        settings.PORTAL_ENCRYPTION_KEYS = [NEW, OLD]
        out = io.StringIO()
        call_command("rotate_encryption_key", "--batch-size=2", stdout=out)
        assert "portal.PlatformCredential.client_secret: 5 encrypted anew" in out.getvalue()


def test_p1_a_token_is_long_random_and_fits_in_a_path() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    for token in tokens:
        assert len(token) >= 43
        assert token.replace("-", "").replace("_", "").isalnum()


def test_p1_the_digest_of_a_token_is_its_sha256() -> None:
    assert hash_token("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert len(hash_token("\ud800é")) == 64
