"""Addresses of what the partner API says of itself (A4)."""

from __future__ import annotations

from django.urls import path

from fulfillment.api.docs import views

urlpatterns = [
    path("", views.page, name="api"),
    path("openapi.json", views.as_json, name="api-openapi-json"),
    path("openapi.yaml", views.as_yaml, name="api-openapi-yaml"),
]
