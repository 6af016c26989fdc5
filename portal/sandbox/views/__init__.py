"""Pages and endpoints of the sandbox, one module for each partner it plays."""
