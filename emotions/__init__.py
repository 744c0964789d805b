"""The eight emotions, the estimate that every sense returns, and how any sense is judged."""
