"""A listener's own sound files: from audio to the features of a track table."""
