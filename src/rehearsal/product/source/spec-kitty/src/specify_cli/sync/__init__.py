"""Sync with the service: the queue, the client, and the daemon that owns both."""
