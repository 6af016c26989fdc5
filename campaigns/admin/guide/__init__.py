"""Making a campaign step by step: each step is an address of its own and saves the draft (C1 to C5)."""
