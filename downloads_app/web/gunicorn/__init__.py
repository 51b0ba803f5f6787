"""All code that relies on the insides of gunicorn and gevent; tests/web/gunicorn/test_seams.py shows what changed."""
