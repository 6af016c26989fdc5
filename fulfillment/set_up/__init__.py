"""Setting an organization up: which steps there are, and which of them the portal has seen done."""
