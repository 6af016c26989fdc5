"""Pure rules: no Django, no requests, tested as tables."""
