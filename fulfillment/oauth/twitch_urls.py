"""Addresses of the tokens in the form of Twitch."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
