"""Territories that hang together: search by connected moves, exact models, bounds."""
