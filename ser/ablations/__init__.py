"""What each part of the recipe does, one change at a time."""
