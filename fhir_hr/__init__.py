"""fhir_hr: mutual recognition of test results (检查检验结果互认) one import away."""
