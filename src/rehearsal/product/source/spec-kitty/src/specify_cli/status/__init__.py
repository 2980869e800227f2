"""The lanes of work packages and the moves between them."""
