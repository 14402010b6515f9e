// Finds every descendant of the shim, also those that made a session of their own, and signals them.
//
// The shim is a subreaper, so a process whose parent ended becomes its child: none can leave the tree.
#define _GNU_SOURCE
#include "shim.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct process {
    pid_t pid, parent, group;
    bool is_descendant;
};

// The kernel's directory entry, which the C library doesn't declare.
struct entry {
    uint64_t inode;
    int64_t offset;
    uint16_t size;
    uint8_t type;
    char name[];
};

// Static, for the shim takes no memory while it runs; untouched until something must be ended.
static struct process processes[65536];
static size_t process_count;

static void add_process(int proc, const char *name) {
    char path[32], stat[512];
    if (name[0] < '0' || name[0] > '9' || process_count == sizeof processes / sizeof processes[0]) return;
    snprintf(path, sizeof path, "%.16s/stat", name);
    int file = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t size = read(file, stat, sizeof stat - 1);
    close(file);
    stat[size < 0 ? 0 : size] = 0;
    int parent, group;
    const char *rest = strrchr(stat, ')');
    if (rest == NULL || sscanf(rest + 1, " %*c %d %d", &parent, &group) != 2) return;
    processes[process_count++] = (struct process){.pid = atoi(name), .parent = parent, .group = group};
}

static void read_processes(void) {
    static char entries[32 * 1024] __attribute__((aligned(8)));
    process_count = 0;
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long size;
    while (proc >= 0 && (size = syscall(SYS_getdents64, proc, entries, sizeof entries)) > 0) {
        for (long at = 0; at < size;) {
            struct entry *entry = (struct entry *)(void *)(entries + at);
            add_process(proc, entry->name);
            at += entry->size;
        }
    }
    if (proc >= 0) close(proc);
}

// /proc lists processes by rising id.
static struct process *find_process(pid_t pid) {
    size_t low = 0, high = process_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (processes[middle].pid < pid) low = middle + 1;
        else high = middle;
    }
    return low < process_count && processes[low].pid == pid ? &processes[low] : NULL;
}

static void mark_descendants(void) {
    pid_t own = getpid();
    for (bool has_changed = true; has_changed;) {
        has_changed = false;
        for (size_t index = 0; index < process_count; index++) {
            struct process *process = &processes[index], *parent = find_process(process->parent);
            if (process->is_descendant) continue;
            process->is_descendant = process->parent == own || (parent != NULL && parent->is_descendant);
            has_changed = has_changed || process->is_descendant;
        }
    }
}

// A stopped process acts on SIGTERM only once it is continued.
static void send(pid_t target, int number) {
    kill(target, number);
    if (number == SIGTERM) kill(target, SIGCONT);
}

// The child's group gets the signal as a whole, which no fork can escape; then each descendant outside of it. SIGKILL
// goes to every group of a descendant: only descendants can be in one, the shim's own excepted.
void signal_descendants(int number) {
    if (!shim.child_ended) send(-shim.child, number);
    read_processes();
    mark_descendants();
    pid_t own_group = getpgrp();
    for (size_t index = 0; index < process_count; index++) {
        struct process *process = &processes[index];
        bool is_reached = process->group == shim.child && !shim.child_ended;
        if (!process->is_descendant || is_reached) continue;
        if (number == SIGKILL && process->group > 1 && process->group != own_group) send(-process->group, number);
        send(process->pid, number);
    }
}
