#include "CPetrel.h"

#include <malloc.h>

void petrel_limit_heaps(int count) { mallopt(M_ARENA_MAX, count); }
