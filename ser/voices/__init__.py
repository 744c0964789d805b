"""What is known of one voice: its statistics, what they change, its stored profile."""
