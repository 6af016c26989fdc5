"""What the partner API says of itself (A4)."""
