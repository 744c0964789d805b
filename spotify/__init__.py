"""The listener's Spotify account: a playlist in, their own tracks out."""
