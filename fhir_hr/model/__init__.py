"""The neutral model: immutable facts between the formats.

Everything here is a frozen ``msgspec.Struct`` (a blood count makes some 150 objects).
They are built from their parts and never changed, so they cannot form reference cycles: ``gc=False`` keeps them
out of the cycle collector, which otherwise walks them on every few messages.
"""
