"""Names of packs, by the names that packs use."""

DEFAULT_PACK_NAME = "default"
SYSTEM_PACK_NAME = "core"
SYSTEM_PACK_NAMES = ["chatops", "core", "linux", "packs"]
