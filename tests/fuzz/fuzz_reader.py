"""Fuzz the target ``reader`` of ``targets.py``."""

from harness import run

if __name__ == "__main__":
    run("reader")
