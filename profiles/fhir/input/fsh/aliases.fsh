Alias: $UCUM = http://unitsofmeasure.org
Alias: $v2-0074 = http://terminology.hl7.org/CodeSystem/v2-0074
Alias: $observation-category = http://terminology.hl7.org/CodeSystem/observation-category
Alias: $DCM = http://dicom.nema.org/resources/ontology/DCM
Alias: $v2-0203 = http://terminology.hl7.org/CodeSystem/v2-0203
Alias: $connection = http://terminology.hl7.org/CodeSystem/endpoint-connection-type
Alias: $participation = http://terminology.hl7.org/CodeSystem/v3-ParticipationType
