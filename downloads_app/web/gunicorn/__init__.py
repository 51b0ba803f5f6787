"""Every seam with the insides of gunicorn and gevent; tests/web/gunicorn/test_seams.py says which has moved."""
