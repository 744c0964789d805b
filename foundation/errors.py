"""The one exception for a user's mistake, shared by every package.

A message of `InputError` is written for the person who made the call: it says what was given,
what is accepted, and what to do next. The command line prints it and exits with code 2.
"""


class InputError(ValueError):
    """What the user gave cannot be used; the message says why and what to do."""
