"""Fuzz the target ``dicom`` of ``targets.py``."""

from harness import run

if __name__ == "__main__":
    run("dicom")
