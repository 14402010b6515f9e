#pragma once
#include <stddef.h>

/// The packs and aliases that ship with Petrel, as JSON text; `make verify` makes it from adapters/ and aliases/.
const unsigned char *petrel_content(void);
/// How many bytes it has.
size_t petrel_content_size(void);
