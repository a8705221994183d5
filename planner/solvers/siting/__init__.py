"""Siting: which candidate sites to open, and which of them serves each unit."""
