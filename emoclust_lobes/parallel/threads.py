"""Working ahead in threads."""

import collections
from concurrent.futures import ThreadPoolExecutor


def in_threads(function, items, ahead, n_threads=1, initializer=None):
    """Yield each item with the future of its result, some ahead of it.

    What is still waiting when nobody asks for more is not done any more.

    Arguments
    ---------
    function : callable
        Of an item.
    items : iterable
        Asked for in the thread of who asks for results.
    ahead : int
        How many items are given to the threads beyond the one that is yielded.
    n_threads : int
        How many are worked on at a time.
    initializer : callable
        Called once in each thread.

    Yields
    ------
    item : object
        In their order.
    result : concurrent.futures.Future
        Of the function.

    Example
    -------
    >>> [(x, y.result()) for x, y in in_threads(abs, [-1, 2], ahead=1)]
    [(-1, 1), (2, 2)]
    """
    pending: collections.deque = collections.deque()
    pool = ThreadPoolExecutor(n_threads, initializer=initializer)
    try:
        for item in items:
            pending.append((item, pool.submit(function, item)))
            if len(pending) > ahead:
                yield pending.popleft()
        yield from pending
    finally:
        pool.shutdown(cancel_futures=True)
