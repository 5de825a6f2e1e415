"""Both walls, from outside: what nobody may learn, and what nobody may do."""
