"""What every room stands on: errors, files written whole, user folders, downloads, jobs."""
