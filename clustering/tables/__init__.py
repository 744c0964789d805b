"""Track tables in every layout that people have, in memory or on disk."""
