"""Answers to invitations (Rückmeldungen): who comes how, who is represented, who has not said yet."""
