#include "CPetrel.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

void petrel_limit_heaps(int count) { mallopt(M_ARENA_MAX, count); }

void petrel_trim_heaps(void) { malloc_trim(0); }

void petrel_unmap_idle_code(void) {
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL) return;
    char line[512];
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long start, end;
        char rights[5];
        // Code is never written to, so all of it is still in the file; a name with a slash stands for a file.
        if (sscanf(line, "%lx-%lx %4s", &start, &end, rights) != 3) continue;
        if (strcmp(rights, "r-xp") == 0 && strchr(line, '/') != NULL) madvise((void *)start, end - start, MADV_DONTNEED);
    }
    fclose(maps);
}
