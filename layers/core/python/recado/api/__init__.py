"""The public REST API: Chalice blueprints, one per resource."""
