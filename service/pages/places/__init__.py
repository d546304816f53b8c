"""Schools and partners: the lists, and a page of each."""
