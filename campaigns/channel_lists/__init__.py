"""Lists of thousands of channels: looked up at the platform in the background, compared, applied, kept as versions (C7)."""
