// The files in the run folder that tell the service how the attempt stands: `started` and `exit`.
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char started_name[] = "started";
static const char started_draft[] = "started.draft";
static const char record_name[] = "exit";
static const char record_draft[] = "exit.draft";

void set_error(const char *what, const char *subject, int number) {
    snprintf(
        shim.error, sizeof shim.error, "%s%s%s%s%s", what, subject ? " " : "", subject ? subject : "",
        number ? ": " : "", number ? strerror(number) : "");
    for (char *byte = shim.error; *byte != 0; byte++) {
        if (*byte == '\n' || *byte == '\r') *byte = ' ';
    }
}

static size_t read_small_file(const char *path, char *buffer, size_t capacity) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? 0 : read(file, buffer, capacity - 1);
    if (file >= 0) close(file);
    buffer[size < 0 ? 0 : size] = 0;
    return strcspn(buffer, "\n");
}

// The start time in clock ticks since boot: field 22, counted behind the command, which may hold blanks and brackets.
static unsigned long long own_start_time(void) {
    char stat[1024];
    read_small_file("/proc/self/stat", stat, sizeof stat);
    char *field = strrchr(stat, ')');
    for (int index = 2; field != NULL && index < 22; index++) field = strchr(field + 1, ' ');
    return field == NULL ? 0 : strtoull(field + 1, NULL, 10);
}

static bool write_started_draft(void) {
    char boot[64], line[128];
    size_t length = read_small_file("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    boot[length] = 0;
    int size = snprintf(line, sizeof line, "%d %llu %s\n", (int)getpid(), own_start_time(), boot);
    int file = openat(shim.folder, started_draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return false;
    bool is_written = write(file, line, (size_t)size) == size;
    close(file);
    return is_written;
}

// Whoever links `started` first has decided: the shim, that the attempt runs, or a recovering service, that it never will.
enum claim claim_start(void) {
    if (!write_started_draft() || linkat(shim.folder, started_draft, shim.folder, started_name, 0) != 0) {
        if (errno == EEXIST) return CLAIM_VOIDED;
        set_error("the start could not be written down", NULL, errno);
        shim.child_status = W_EXITCODE(125, 0);
        return CLAIM_FAILED;
    }
    unlinkat(shim.folder, started_draft, 0);
    return CLAIM_WON;
}

// Takes the space of the record before anything runs, so that a disk that fills up meanwhile can't lose the end.
bool reserve_record(void) {
    static const char blank[1024];
    shim.record = openat(shim.folder, record_draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return shim.record >= 0 && write(shim.record, blank, sizeof blank) == sizeof blank;
}

// A reader takes the record as whole when its last line, `dropped_stderr`, is.
bool write_record(void) {
    char text[1024];
    bool is_signal = WIFSIGNALED(shim.child_status);
    int code = is_signal ? WTERMSIG(shim.child_status) : WEXITSTATUS(shim.child_status);
    int size = snprintf(
        text, sizeof text, "%s %d\ntimed_out %d\ncanceled %d\n%s%s%sstdout_bytes %llu\nstderr_bytes %llu\n"
        "dropped_stdout %llu\ndropped_stderr %llu\n",
        is_signal ? "signal" : "exit", code, shim.timed_out, shim.canceled, shim.error[0] ? "error " : "", shim.error,
        shim.error[0] ? "\n" : "", (unsigned long long)shim.streams[0].written,
        (unsigned long long)shim.streams[1].written, (unsigned long long)shim.streams[0].dropped,
        (unsigned long long)shim.streams[1].dropped);
    return pwrite(shim.record, text, (size_t)size, 0) == size && ftruncate(shim.record, size) == 0
        && renameat(shim.folder, record_draft, shim.folder, record_name) == 0;
}
