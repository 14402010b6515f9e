#ifndef C_ALLOCATIONS_H
#define C_ALLOCATIONS_H

// Counts what the program asks of malloc, for petrel-bench; counting is off until it is begun.

struct allocations {
    long count;
    long live_bytes;
    long peak_bytes;
};

void allocations_begin(void);
struct allocations allocations_end(void);

#endif
