"""From labelled texts to a network that reads."""
