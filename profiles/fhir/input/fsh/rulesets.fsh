// One concept: English display, Chinese designation, definition.
RuleSet: Concept(code, en, zh, definition)
* #{code} "{en}" "{definition}"
* #{code} ^designation[0].language = #zh-CN
* #{code} ^designation[0].value = "{zh}"

// What every code system of this guide states about itself.
RuleSet: CompleteCodeSystem
* ^caseSensitive = true
* ^content = #complete

// Parts that the five search parameters share.
RuleSet: FlagSearchParameter(id, name, type, sub, fhirtype)
* id = "{id}"
* url = "{{canonical}}/SearchParameter/{id}"
* name = "{name}"
* status = #active
* code = #{id}
* base[0] = #Observation
* base[1] = #DiagnosticReport
* base[2] = #ImagingStudy
* type = #{type}
* expression = "Observation.extension('{{canonical}}/StructureDefinition/recognition-flag').extension('{sub}').value.ofType({fhirtype}) | DiagnosticReport.extension('{{canonical}}/StructureDefinition/recognition-flag').extension('{sub}').value.ofType({fhirtype}) | ImagingStudy.extension('{{canonical}}/StructureDefinition/recognition-flag').extension('{sub}').value.ofType({fhirtype})"
{{R4}}* xpathUsage = #normal
{{R5}}* processingMode = #normal
* multipleOr = true
* multipleAnd = true

// Parts of a search parameter on one resource type.
RuleSet: OwnSearchParameter(id, name, base, type)
* id = "{id}"
* url = "{{canonical}}/SearchParameter/{id}"
* name = "{name}"
* status = #active
* code = #{id}
* base[0] = #{base}
* type = #{type}
{{R4}}* xpathUsage = #normal
{{R5}}* processingMode = #normal
* multipleOr = true
* multipleAnd = true
