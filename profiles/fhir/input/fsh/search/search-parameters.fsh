Instance: RecognitionScopeSearch
InstanceOf: SearchParameter
Usage: #definition
* insert FlagSearchParameter(recognition-scope, RecognitionScopeSearch, token, scope, Coding)
* description = "Results by the jurisdiction in which their recognition mark is valid 按互认范围检索"

Instance: RecognitionMarkSearch
InstanceOf: SearchParameter
Usage: #definition
* insert FlagSearchParameter(recognition-mark, RecognitionMarkSearch, token, mark, Coding)
* description = "Results by registered recognition mark 按互认标识代码检索"

Instance: RecognitionLabelSearch
InstanceOf: SearchParameter
Usage: #definition
* insert FlagSearchParameter(recognition-label, RecognitionLabelSearch, string, label, string)
* description = "Results by the mark as printed, also where it is not registered 按标识原文检索"

Instance: RecognitionItemSearch
InstanceOf: SearchParameter
Usage: #definition
* insert FlagSearchParameter(recognition-item, RecognitionItemSearch, token, item, Coding)
* description = "Results by recognised item 按互认项目检索"

Instance: RecognitionValidUntilSearch
InstanceOf: SearchParameter
Usage: #definition
* insert FlagSearchParameter(recognition-valid-until, RecognitionValidUntilSearch, date, validUntil, date)
* description = "Results by the last day on which they may be recognised 按互认有效期检索"
