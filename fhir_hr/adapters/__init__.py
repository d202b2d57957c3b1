"""Adapters: bytes of one format to the neutral model."""
