"""The engine: the one writer, the store behind it, the clock, and what runs after a commit."""
