"""What keeps the service running and its keepers informed: logs, figures, limits, health, audit log, backups."""
