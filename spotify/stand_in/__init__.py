"""A local server that answers as Spotify does, and refuses what Spotify refuses."""
