"""Benchmarks: published instances and large generated cases, by a stated protocol."""
