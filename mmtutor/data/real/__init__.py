"""Real data sets: each with its entry, which says where its files come from, and its loader."""
