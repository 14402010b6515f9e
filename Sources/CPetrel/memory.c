#include "CPetrel.h"

#include <malloc.h>

void petrel_limit_heaps(int count) { mallopt(M_ARENA_MAX, count); }

void petrel_trim_heaps(void) { malloc_trim(0); }
