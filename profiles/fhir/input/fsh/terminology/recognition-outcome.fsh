CodeSystem: RecognitionOutcome
Id: recognition-outcome
Title: "Recognition outcome 互认判定"
Description: "What the rules say about a prior result and an order item. It advises; the physician decides."
* insert CompleteCodeSystem
* insert Concept(must, Must be recognised, 应当互认, [[A pack obliges to recognise the prior, with the force its text states]])
* insert Concept(may, May be recognised, 可以互认, [[Nothing speaks against the prior, and nothing obliges]])
* insert Concept(not, Not recognisable, 不予互认, [[A condition of recognition is not met]])
* insert Concept(indeterminate, Indeterminate, 无法判断, [[A fact that decides is unknown]])

ValueSet: RecognitionOutcomeVS
Id: recognition-outcome
Title: "Recognition outcome 互认判定"
Description: "All codes of the code system."
* include codes from system RecognitionOutcome
