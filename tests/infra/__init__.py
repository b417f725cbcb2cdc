"""The templates, the packages and the local stack."""
