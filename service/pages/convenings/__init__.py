"""The three meetings of the year: agendas, talks, packets and the recognition list."""
