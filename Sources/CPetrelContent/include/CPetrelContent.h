#pragma once
#include <stddef.h>

/// The packs and aliases that ship with Petrel, as JSON text; `make verify` makes it from adapters/ and aliases/.
extern const unsigned char petrel_content[];
/// How many bytes it has.
extern const size_t petrel_content_size;
