"""``python -m fhir_hr.cli`` is the ``fhir-hr`` command."""

import sys

from fhir_hr.cli.main import main

sys.exit(main())
