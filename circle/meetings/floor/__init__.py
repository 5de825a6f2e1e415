"""The floor of a running meeting: who asks to speak, and votes on the item that is called up."""
