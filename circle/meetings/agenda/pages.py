"""Pages of the agenda."""

from litestar import Router

router = Router("/", include_in_schema=False, route_handlers=[])
