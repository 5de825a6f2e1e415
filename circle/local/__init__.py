"""The embedded default: everything the service needs, started from one folder on one machine."""
