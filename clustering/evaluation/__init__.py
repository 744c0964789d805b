"""How well moods and choices agree with what people hear."""
