"""Mood clusters, and what an emotion aims at among them."""
