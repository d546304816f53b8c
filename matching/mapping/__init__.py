"""Spreadsheets of any shape to the tables of a district: which column is which, what its cells say."""
