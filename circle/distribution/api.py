"""JSON API of distribution."""

from litestar import Router

router = Router("/api/v1", route_handlers=[])
