"""The gateway (G): one asynchronous process that game servers connect to. Whatever asks the database does so in a thread."""
