"""Accounts: who can sign in, by which link they come in, and their own sessions and password."""
