"""Pure rules of the kernel."""
