"""HL7 v2 laboratory and imaging-report messages to the neutral model."""
