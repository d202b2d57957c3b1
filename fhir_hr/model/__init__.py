"""The neutral model: immutable facts between the formats.

Everything here is a frozen ``msgspec.Struct`` (a CBC makes some 150 objects; DESIGN §5 has the measurement).
They are built from their parts and never changed, so they cannot form reference cycles: ``gc=False`` keeps them
out of the cycle collector, which otherwise walks them on every few messages.
"""
