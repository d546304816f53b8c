"""Plans: made, followed, compared, reviewed and published."""
