"""How fast, how large. Every number is a ratio to a bare floor that runs in the same minutes on the same tables.

    python -m tests.bench            speed, as CPU time per request
    python -m tests.bench.writing  minutes that several write at once, with a killed process: nothing lost, and how long it takes
    python -m tests.bench demo       memory of a running demo, and how long a start takes

Requests per second say more about the machine than about the code; CPU ratios, as medians of interleaved rounds, move by
about a fifth from run to run. What is compared and why these goals: docs/decisions/0010-floors.md.
"""
