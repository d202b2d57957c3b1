"""What leaves the library besides Bundles: rule packs as FHIR packages, and as pages for people."""
