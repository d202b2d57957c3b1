"""Lets the tests of the adapters import their builders (``hl7build``)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "hl7v2"))
