"""Candidates as Arrow or Parquet columns: outcomes and reasons for millions of rows.

Needs the extra ``bulk`` (numpy and pyarrow). Every row is answered as :func:`fhir_hr.rules.judge` answers it: the
columns are only divided into classes that no check can tell apart, and the row engine is asked once for each.
"""

from __future__ import annotations

import importlib.util

from fhir_hr.errors import MissingExtraError

for _package in ("numpy", "pyarrow"):
    if importlib.util.find_spec(_package) is None:
        raise MissingExtraError(package=_package, extra="bulk")

from fhir_hr.rules.bulk.change import change  # noqa: E402 - after the check
from fhir_hr.rules.bulk.judging import BulkJudge, judge_batches, judge_table  # noqa: E402
from fhir_hr.rules.bulk.masks import codes_of, mask_of, mask_order  # noqa: E402

__all__ = ["BulkJudge", "change", "codes_of", "judge_batches", "judge_table", "mask_of", "mask_order"]
