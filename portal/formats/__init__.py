"""How the portal writes times, by language."""
