"""Labelled texts: GoEmotions, XED, BRIGHTER and others, and sentences written for this project."""
