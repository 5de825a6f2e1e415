"""The example circle for the questions „Wer darf was“."""

from tests.house.test_walk import example_circle as example_circle
