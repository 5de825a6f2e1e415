"""Background work: the outbox is the truth, Redis only wakes the workers up."""
