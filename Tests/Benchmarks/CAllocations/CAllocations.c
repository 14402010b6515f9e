#include "CAllocations.h"

#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>

// glibc's own, behind the names that this file takes over.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

// One thread measures; another's blocks would be counted with its own, which is why there is none meanwhile.
static bool counting;
static struct allocations counts;

static void *taken(void *block) {
    if (counting && block) {
        counts.count++;
        counts.live_bytes += (long)malloc_usable_size(block);
        if (counts.live_bytes > counts.peak_bytes) counts.peak_bytes = counts.live_bytes;
    }
    return block;
}

static void given_back(void *block) {
    if (counting && block) counts.live_bytes -= (long)malloc_usable_size(block);
}

void *malloc(size_t size) { return taken(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) { return taken(__libc_calloc(count, size)); }
void *memalign(size_t alignment, size_t size) { return taken(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return taken(__libc_memalign(alignment, size)); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    *block = taken(__libc_memalign(alignment, size));
    return *block ? 0 : 12;
}

void *realloc(void *old, size_t size) {
    given_back(old);
    return taken(__libc_realloc(old, size));
}

void free(void *block) {
    given_back(block);
    __libc_free(block);
}

void allocations_begin(void) {
    counts = (struct allocations){0};
    counting = true;
}

struct allocations allocations_end(void) {
    counting = false;
    return counts;
}
