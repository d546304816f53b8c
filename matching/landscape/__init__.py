"""Supply against demand: what schools ask for, what partners give, where both are, and who is helped by whom."""
