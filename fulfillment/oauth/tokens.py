"""Giving tokens to clients, and taking them back (A1): around the OAuth library's server, in no platform's form yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from allauth.idp.oidc.models import Token

from fulfillment.api.callers import is_usable
from fulfillment.models import ApiClient
from fulfillment.oauth import faults
from fulfillment.oauth.faults import Fault, Refused
from fulfillment.oauth.server import PartnerServer
from linking.models import Player
from portal.models import Organization, User

_NEEDED = {
    "authorization_code": ("code", "redirect_uri", "code_verifier"),
    "refresh_token": ("refresh_token",),
    "client_credentials": (),
}
_FAULTS: Mapping[tuple[str, str], Fault] = {
    ("authorization_code", "invalid_grant"): faults.BAD_CODE,
    ("refresh_token", "invalid_grant"): faults.BAD_REFRESH_TOKEN,
    # What is asked for is all there, so nothing but the address is left to be wrong.
    ("authorization_code", "invalid_request"): faults.OTHER_ADDRESS,
}
_FAULTS_OF_ALL: Mapping[str, Fault] = {
    "invalid_client": faults.WRONG_SECRET,
    "invalid_scope": faults.BAD_SCOPE,
    "unauthorized_client": faults.GRANT_NOT_ALLOWED,
}
_KINDS = (Token.Type.ACCESS_TOKEN, Token.Type.REFRESH_TOKEN)


def usable_client(client_id: str, *, now: datetime) -> ApiClient | None:
    """Return the client with this id; None where it is expired or revoked, or its organization is disabled."""
    found = ApiClient.objects.select_related("oauth", "organization").filter(oauth=client_id).first()
    return found if found and found.organization.enabled and is_usable(found, now=now) else None


def grant(given: Mapping[str, str], *, now: datetime) -> dict[str, Any]:
    """Return a new access token with what belongs to it, as RFC 6749 (section 5.1) has it: ``scope`` is text.

    Raises ``Refused``.
    """
    grant_type = _demand_all(given)
    if usable_client(given["client_id"], now=now) is None:
        raise Refused(faults.UNKNOWN_CLIENT)
    scope = {"scope": " ".join(given["scope"].split())} if "scope" in given else {}
    _, body, status = PartnerServer().create_token_response("/", "POST", urlencode({**given, **scope}), {})
    answer: dict[str, Any] = orjson.loads(body)
    if status == 200:
        return answer
    error = str(answer["error"])
    fault = _FAULTS.get((grant_type, error)) or _FAULTS_OF_ALL.get(error, faults.MALFORMED)
    raise Refused(fault)


def _demand_all(given: Mapping[str, str]) -> str:
    """Return the grant type of a call that says everything its grant needs. Raises ``Refused``."""
    if "client_id" not in given:
        raise Refused(faults.NO_CLIENT_ID)
    if "client_secret" not in given:
        raise Refused(faults.NO_SECRET)
    grant_type = given.get("grant_type")
    if grant_type is None:
        raise Refused(faults.MISSING, "missing grant type")
    if grant_type not in _NEEDED:
        raise Refused(faults.UNKNOWN_GRANT)
    for name in _NEEDED[grant_type]:
        if name not in given:
            raise Refused(faults.MISSING, f"missing {name.replace('_', ' ')}")
    code = given.get("code", "")
    if grant_type == "authorization_code" and not (code.isascii() and code.isalnum()):
        raise Refused(faults.BAD_CODE)  # it becomes a key of the cache, which takes no more than such characters
    return grant_type


def revoke(token: str, *, client_id: str | None = None) -> bool:
    """End an access or refresh token, of this client if one is named. Returns whether there was one.

    Holding it is the proof: neither platform asks for the client's secret.
    """
    found = Token.objects.by_value(token).filter(type__in=_KINDS, client__api_client__isnull=False)
    if client_id is not None:
        found = found.filter(client=client_id)
    return found.delete()[0] > 0


def end_tokens_without_account(user: User, organization: Organization) -> int:
    """End the tokens by which an organization's clients act for a person who has no game account there any more.

    Returns how many there were. Staff among them can allow theirs anew.
    """
    if Player.objects.filter(user=user, game__organization=organization).exists():
        return 0
    return Token.objects.filter(user=user, client__api_client__organization=organization).delete()[0]
