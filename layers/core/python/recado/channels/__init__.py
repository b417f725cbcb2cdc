"""The channels: one adapter each, found by the registry. Nothing here does input or output of its own."""
