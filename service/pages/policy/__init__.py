"""The policy of a district in plain words."""
