"""The development command behind tools/dev. Standard library only."""
