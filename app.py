"""The REST API as a Chalice app: one blueprint per resource. What every route has in common is in recado.api.routes
and .answering."""

from __future__ import annotations

from chalice.app import Chalice

from recado.api.resolver import Resolver
from recado.api.resources import resources


def build() -> Chalice:
    """The app with every resource. Raises TypeError for a route that came in past the framework, and so without a
    rule."""
    chalice = Chalice(app_name="recado", configure_logs=False)
    for resource in resources():
        chalice.register_blueprint(resource.blueprint)
    for path, methods in chalice.routes.items():
        for method, entry in methods.items():
            if not hasattr(entry.view_function, "route"):
                raise TypeError(f"{method} {path} has no rule")
    return chalice


app = build()
resolver = Resolver(app.routes)
