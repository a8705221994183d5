"""Problem -> Result."""
