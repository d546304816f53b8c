"""The service over HTTP: thin endpoints, a file a subject."""
