"""What is open: the first page, the needs, and who could help with one."""
