"""Tables, code translation and units: how local words translate."""
