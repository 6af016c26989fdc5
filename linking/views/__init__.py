"""The pages on which players link their accounts. Each view parses, calls and renders."""
