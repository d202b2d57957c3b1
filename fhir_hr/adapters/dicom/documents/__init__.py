"""Structured reports, key object lists and performed procedure steps: trees, read whole."""
