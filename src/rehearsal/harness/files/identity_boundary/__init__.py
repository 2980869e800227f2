"""What the identity-boundary canary is made of."""
