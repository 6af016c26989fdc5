"""Addresses of the claim webhooks (P1), included beneath ``webhooks/``. Their names are what access logs carry."""

from __future__ import annotations

from django.urls import path

from fulfillment.webhooks.registry import webhooks

urlpatterns = [path(f"{key}/<str:token>", view.as_view(), name=f"webhook-{key}") for key, view in webhooks.items()]
