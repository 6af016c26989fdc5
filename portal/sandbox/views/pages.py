"""What the pages of a platform's console have in common."""

from __future__ import annotations

from typing import Any

from django.http import Http404

from portal.sandbox.catalogue import platform_label
from portal.sandbox.faulting import faults_of
from portal.sandbox.models import Platform


def platform_or_404(platform: str) -> str:
    """The platform's key, if the sandbox plays it."""
    if platform not in Platform.values:
        raise Http404
    return platform


def console_context(platform: str) -> dict[str, Any]:
    """Which platform it is, and which faults are on there."""
    platform_or_404(platform)
    return {
        "platform": platform,
        "label": platform_label(platform),
        "faults_on": faults_of(platform).in_words(),
    }
