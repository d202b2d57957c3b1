"""Lets the tests of the adapters import their builders (``hl7build``), and defines how deep properties are tried."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent / "hl7v2"))

# `pytest --hypothesis-profile=deep` looks longer; the default stays short.
settings.register_profile("deep", max_examples=3000)
