"""The tables of a district as forms and lists, by which people change what is theirs."""
