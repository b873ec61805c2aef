"""Working ahead in threads."""

import collections
from concurrent.futures import ThreadPoolExecutor


def in_threads(function, items, ahead, n_threads=1, initializer=None):
    """Yield each item, in order, with the future of the function of it.

    So many items ``ahead`` of it are given to the threads.
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
