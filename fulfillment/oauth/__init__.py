"""Tokens for clients and players: a thin view around the OAuth library (A1)."""
