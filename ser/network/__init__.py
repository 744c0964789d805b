"""The network: its layers, its export, its folder, and what it says of a window."""
