"""Entry point 2: the process that moves bytes; real threads, no gevent."""
