"""The progress bar of everything that takes long: on a terminal and in a notebook, nowhere else.

In a log, a bar would be hundreds of carriage returns.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm


def progress_bar(
    items: Iterable[Any] | None = None,
    title: str | None = None,
    total: float | None = None,
    *,
    show: bool = True,
    **options: Any,
) -> "tqdm[Any]":
    """Return a bar that goes through `items`, or that is moved by hand.

    Parameters
    ----------
    items
        What is gone through; None for ``bar.update()`` by hand.
    title
        What stands before the bar.
    total
        How much there is to do, where `items` does not know.
    show
        Whether to show it where it can be seen.
    options
        Further ones of `tqdm.tqdm`, such as ``unit``.
    """
    from tqdm.auto import tqdm  # takes a moment, and most work needs no bar

    # None: on a terminal only.
    return tqdm(items, title, total, disable=None if show else True, **options)
