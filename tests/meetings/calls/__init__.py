"""Calls for agenda items in tests."""
