"""Campaigns as files: written from what is stored, and made from what another portal wrote (docs/campaign-files.md)."""
