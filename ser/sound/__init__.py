"""From a file or a stream to windows of speech: reading, voice activity, noise."""
