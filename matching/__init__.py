"""The domain: from a district's tables to an audited, explained allocation."""
