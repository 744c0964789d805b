"""Recordings with labels: RAVDESS, CREMA-D, labelled folders."""
