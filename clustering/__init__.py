"""Music: tracks and an emotion estimate in, mood clusters and a playlist out."""
