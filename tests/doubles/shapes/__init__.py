"""What each platform's wire looks like, for the doubles: one module a platform, found by the platform's key.

Written from the platforms' documents and importing nothing of the product. A further platform is a module beside these with
a ``CLAIMS`` if it has a claims API and a ``SIGN_IN`` if users sign in there.
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from tests.doubles.shapes.claims import ClaimsShape
from tests.doubles.shapes.sign_in import SignInShape


def claims_of(platform: str) -> ClaimsShape:
    return cast(ClaimsShape, import_module(f"{__name__}.{platform}").CLAIMS)


def sign_in_of(platform: str) -> SignInShape:
    return cast(SignInShape, import_module(f"{__name__}.{platform}").SIGN_IN)
