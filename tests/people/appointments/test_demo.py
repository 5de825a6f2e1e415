"""The example circle has exactly its two planted duties, and knows who could vote on 18.03.2026."""
