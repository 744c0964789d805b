"""Which tracks: a catalogue, what a listener asks for and likes, and the choice."""
