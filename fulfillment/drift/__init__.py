"""Drift: claims that name a campaign or reward the portal does not know, gathered by what is unknown, and mapped together."""
