"""Answers to invitations."""
