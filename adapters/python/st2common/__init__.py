"""What packs import of StackStorm, by Petrel."""

__version__ = "3.9.0"
