"""The network that reads: word pieces and their embeddings, its layers, its folder."""
