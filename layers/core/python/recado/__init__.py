"""Recado: the one shared package of all functions."""
