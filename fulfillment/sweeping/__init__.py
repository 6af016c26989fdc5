"""Reading the platforms' claim APIs for what the webhooks missed (F7)."""
