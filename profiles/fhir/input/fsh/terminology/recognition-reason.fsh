CodeSystem: RecognitionReason
Id: recognition-reason
Title: "Reason of a recognition outcome 互认判定理由"
Description: "Why the rules came to an outcome. A decision cites each reason with the clause of the policy text; the code alone is not the clause. Words in braces in a definition are the values that the decision fills in."
* insert CompleteCodeSystem
{{reason_concepts}}

ValueSet: RecognitionReasonVS
Id: recognition-reason
Title: "Reason of a recognition outcome 互认判定理由"
Description: "All codes of the code system."
* include codes from system RecognitionReason
