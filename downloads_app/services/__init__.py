"""What can be done, without HTTP and without sockets: the entry points read what came in, and call a service."""
