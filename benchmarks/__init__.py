"""Ratios against peers, measured side by side: `make bench` (README.md)."""
