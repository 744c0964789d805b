"""The front doors. They only call `ser` and `clustering`."""
