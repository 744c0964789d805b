"""What can go wrong with a streaming account, one class for each thing that a caller does then.

All are `foundation.errors.InputError`: a message for the listener, never with a token in it.
"""

from foundation.errors import InputError


class SpotifyError(InputError):
    """Something between us and the account failed."""

    def add_advice(self, advice: str) -> None:
        """Append what to do next to the message."""
        self.args = (f"{self}; {advice}",)


class LoginNeededError(SpotifyError):
    """There is no login that Spotify accepts, and nobody to ask for one."""


class QuotaExceededError(SpotifyError):
    """Spotify wants a longer pause than one waits for.

    Attributes
    ----------
    retry_after_seconds
        The pause that it asked for, in seconds.
    """

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ForbiddenError(SpotifyError):
    """The login, the app or its owner lacks a right (403)."""


class NotFoundError(SpotifyError):
    """There is nothing under this id (404)."""


class RefusedError(SpotifyError):
    """Spotify does not accept the call as it is (400 and the like)."""


class UnreachableError(SpotifyError):
    """No usable answer came, also after repeating."""


class EndlessListError(SpotifyError):
    """A list goes on without end, or is another one at each look."""


class UnsureError(SpotifyError):
    """No usable answer came to a call that may have been carried out; look before repeating it."""
