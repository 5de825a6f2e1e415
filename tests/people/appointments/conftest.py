"""A mail server and one run of the worker over a dispatch, as in the tests of distribution."""

from tests.distribution.conftest import run, server

__all__ = ["run", "server"]
