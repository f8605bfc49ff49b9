"""Characters, drawn from the fonts that matplotlib carries."""
