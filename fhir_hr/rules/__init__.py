"""Rule packs and the engine: candidate and order to decision."""
