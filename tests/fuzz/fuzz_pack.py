"""Fuzz the target ``pack`` of ``targets.py``."""

from harness import run

if __name__ == "__main__":
    run("pack")
