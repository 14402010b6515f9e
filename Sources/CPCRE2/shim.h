#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stddef.h>
// Declared by glibc for programs that define _GNU_SOURCE, which a module map can't.
void *memmem(const void *hay, size_t hay_size, const void *needle, size_t needle_size);
