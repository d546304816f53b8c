"""The meetings of schools and partners: when they are, what is talked about, who meets whom, who is thanked."""
