#define _GNU_SOURCE
#include "CPetrel.h"

#include <fcntl.h>
#include <stdio.h>

int petrel_rename_new(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}
