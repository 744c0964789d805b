"""Which language a text is in, and what languages are called."""
