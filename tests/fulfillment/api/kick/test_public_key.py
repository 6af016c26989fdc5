"""Kick's public key, as backends ask for it: the newest that is known, and a sandbox's to its own studio alone (A1, A2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from portal.models import Organization, PlatformCredential
from portal.platforms.kick.signatures import DOCUMENTED_PUBLIC_KEY, load_public_key
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.api.kick.backend import Backend, data_of
from tests.signers.kick import KickSigner

pytestmark = pytest.mark.django_db

KEY = "/public/v1/public-key"


def credential(organization: Organization, **fields: Any) -> PlatformCredential:
    return make.make_credential(organization, "kick", **{"public_key_fetched_at": NOW, **fields})


def key_of(backend: Backend, **headers: str) -> str:
    return str(data_of(backend.http.get(KEY, headers=headers))["public_key"])


def test_a1_the_documented_key_is_told_to_everybody_before_another_is_known(backend: Backend) -> None:
    assert key_of(backend) == DOCUMENTED_PUBLIC_KEY
    assert load_public_key(DOCUMENTED_PUBLIC_KEY).key_size == 2048
    assert key_of(backend, Authorization="Bearer nonsense") == DOCUMENTED_PUBLIC_KEY


def test_a1_the_newest_key_from_kick_s_own_address_is_told_to_everybody(backend: Backend) -> None:
    older, newer, sandbox = KickSigner().public_pem, KickSigner().public_pem, KickSigner().public_pem
    credential(backend.organization, public_key=older, public_key_fetched_at=NOW - timedelta(hours=1))
    credential(make.make_organization(), public_key=newer, api_url="https://api.kick.com/")
    credential(make.make_organization(), public_key=KickSigner().public_pem, enabled=False)
    credential(make.make_organization(enabled=False), public_key=KickSigner().public_pem)
    credential(
        make.make_organization(),
        public_key=sandbox,
        api_url="http://127.0.0.1:9",
        public_key_fetched_at=NOW + timedelta(hours=1),
    )
    assert key_of(backend) == newer
    assert key_of(backend, Authorization=f"Bearer {backend.token}") == older


def test_a2_the_key_of_a_sandbox_is_told_to_its_own_organization_alone(backend: Backend) -> None:
    sandbox = KickSigner().public_pem
    credential(backend.organization, public_key=sandbox, api_url="http://127.0.0.1:9")
    assert key_of(backend, Authorization=f"Bearer {backend.token}") == sandbox
    assert key_of(backend) == DOCUMENTED_PUBLIC_KEY
    stranger = make.make_api_token(make.make_api_client(make.make_organization()))
    assert key_of(backend, Authorization=f"Bearer {stranger}") == DOCUMENTED_PUBLIC_KEY
    Organization.objects.update(enabled=False)
    assert key_of(backend, Authorization=f"Bearer {backend.token}") == DOCUMENTED_PUBLIC_KEY
