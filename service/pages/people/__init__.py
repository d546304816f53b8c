"""Who may do what: signing in, one's account, the people and programs of a district."""
