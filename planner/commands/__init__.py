"""Commands of the command line, one file each; `planner.cli` puts them together."""
