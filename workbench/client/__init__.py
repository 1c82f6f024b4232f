"""The road from a client to its engine. `calls` is blocking, for a prompt; `stream` is asyncio, for the TUI."""
