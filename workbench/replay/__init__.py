"""A past night played in the screens: what the app has of an engine, answered from history as it was at a moment."""
