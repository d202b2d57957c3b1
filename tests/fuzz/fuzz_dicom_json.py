"""Fuzz the target ``dicom_json`` of ``targets.py``."""

from harness import run

if __name__ == "__main__":
    run("dicom_json")
