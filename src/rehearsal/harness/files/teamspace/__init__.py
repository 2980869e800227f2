"""What the Teamspace suites share."""
