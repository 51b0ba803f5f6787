"""Every seam with gunicorn and gevent."""
