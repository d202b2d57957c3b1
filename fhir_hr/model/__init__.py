"""The neutral model: immutable facts between the formats.

Everything here is a frozen ``msgspec.Struct`` (a CBC makes some 150 objects; DESIGN §5 has the measurement).
"""
