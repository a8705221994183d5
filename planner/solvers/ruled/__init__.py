"""Solvers of a question whose rules can be switched off or bent."""
