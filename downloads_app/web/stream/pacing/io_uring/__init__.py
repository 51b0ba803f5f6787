"""Linux's io_uring, as far as the pacer needs it."""
