"""Supply against demand, equity, connections and whom to recruit."""
