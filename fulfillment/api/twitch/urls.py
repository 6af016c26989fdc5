"""Addresses of Twitch's shape of the partner API."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
