// The file in the run folder that tells the service how the attempt stands.
//
// It has one inode and up to three names. Its first line says which process runs the attempt; under the name `started`
// that line is the proof that the attempt began. Behind it comes the record of the end, which counts under the name
// `exit` only, given to the file when the record is whole; zeros fill the rest. A shim that keeps one attempt after the
// other keeps the file as well, under its first name: making files is most of what a short command costs.
//
// No printing by stdio here: its first use costs more page faults than the rest of the shim.
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char started_name[] = "started";
static const char record_name[] = "exit";
// Of this process alone: two shims may be asked to run one attempt, and the one that loses must not touch the other's file.
static char draft_name[40] = "exit.draft.";

struct text {
    size_t size;
    char bytes[1024];
};

static struct text first_line;

// What was recorded last.
static struct text record;

static const size_t draft_stem = sizeof "exit.draft." - 1;

static void add(struct text *text, const char *more) {
    size_t length = strlen(more), room = sizeof text->bytes - text->size;
    if (length > room) length = room;
    memcpy(text->bytes + text->size, more, length);
    text->size += length;
}

static void add_number(struct text *text, uint64_t number) {
    char digits[24], *first = digits + sizeof digits - 1;
    *first = 0;
    do *--first = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    add(text, first);
}

static void add_line(struct text *text, const char *name, uint64_t number) {
    add(text, name);
    add_number(text, number);
    add(text, "\n");
}

void set_error(const char *what, const char *subject, int number) {
    struct text text = {.size = 0};
    add(&text, what);
    if (subject != NULL) add(&text, " ");
    if (subject != NULL) add(&text, subject);
    if (number != 0) add(&text, ": ");
    if (number != 0) add(&text, strerror(number));
    size_t size = text.size < sizeof shim.error ? text.size : sizeof shim.error - 1;
    for (size_t index = 0; index < size; index++) {
        shim.error[index] = text.bytes[index] == '\n' || text.bytes[index] == '\r' ? ' ' : text.bytes[index];
    }
    shim.error[size] = 0;
}

static size_t read_small_file(const char *path, char *buffer, size_t capacity) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? 0 : read(file, buffer, capacity - 1);
    if (file >= 0) close(file);
    buffer[size < 0 ? 0 : size] = 0;
    return strcspn(buffer, "\n");
}

// The start time in clock ticks since boot: field 22, counted behind the command, which may hold blanks and brackets.
static uint64_t own_start_time(void) {
    char stat[1024];
    read_small_file("/proc/self/stat", stat, sizeof stat);
    char *field = strrchr(stat, ')');
    for (int index = 2; field != NULL && index < 22; index++) field = strchr(field + 1, ' ');
    return field == NULL ? 0 : strtoull(field + 1, NULL, 10);
}

// Makes the file's first line, and its name as long as it is a draft.
void describe_process(void) {
    char boot[64];
    boot[read_small_file("/proc/sys/kernel/random/boot_id", boot, sizeof boot)] = 0;
    add_number(&first_line, (uint64_t)getpid());
    add(&first_line, " ");
    add_number(&first_line, own_start_time());
    add(&first_line, " ");
    add(&first_line, boot);
    add(&first_line, "\n");
    size_t digits = strcspn(first_line.bytes, " ");
    memcpy(draft_name + draft_stem, first_line.bytes, digits);
    draft_name[draft_stem + digits] = 0;
}

// Writes the first line and takes the space of the rest, so that a disk that fills up meanwhile can't lose the end.
static bool write_start(void) {
    struct text whole = first_line;
    memset(whole.bytes + whole.size, 0, sizeof whole.bytes - whole.size);
    return pwrite(shim.record, whole.bytes, sizeof whole.bytes, 0) == sizeof whole.bytes;
}

static bool create_draft(int folder) {
    // One of that name may be left of a process that had the same number; under another name it may still count.
    unlinkat(folder, draft_name, 0);
    shim.record = openat(folder, draft_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return shim.record >= 0 && write_start();
}

// Where the file has its first name.
static int draft_folder(void) { return shim.drafts >= 0 ? shim.drafts : shim.folder; }

// Takes the file's first name away, when no attempt will be written into it any more.
void drop_draft(void) { unlinkat(draft_folder(), draft_name, 0); }

// Makes the file before there is a job, in the folder of all run folders. If it can't be, it is made in the job's folder.
void prepare_record(const char *folder) {
    shim.drafts = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (shim.drafts < 0 || create_draft(shim.drafts)) return;
    drop_draft();
    if (shim.record >= 0) close(shim.record);
    close(shim.drafts);
    shim.record = shim.drafts = -1;
}

// Makes the file for an attempt, or clears the one that is there, before anything runs.
bool reserve_record(void) {
    if (shim.drafts < 0) return create_draft(shim.folder);
    // The service has forgotten the attempt whose record was in it.
    bool is_clear = !shim.is_written || write_start();
    shim.is_written = false;
    return is_clear;
}

// Whoever links `started` first has decided: the shim, that the attempt runs, or a recovering service, that it never
// will. By path and not by descriptor: a service that forgets a void attempt renames the folder before it removes the
// void, and no shim may find the place free then.
enum claim claim_start(const char *folder) {
    char started[PATH_MAX];
    size_t length = strlen(folder);
    errno = ENAMETOOLONG;
    if (length + sizeof started_name < sizeof started) {
        memcpy(started, folder, length);
        started[length] = '/';
        memcpy(started + length + 1, started_name, sizeof started_name);
        if (linkat(draft_folder(), draft_name, AT_FDCWD, started, 0) == 0) return CLAIM_WON;
    }
    if (errno == EEXIST) return CLAIM_VOIDED;
    set_error("the start could not be written down", NULL, errno);
    shim.child_status = W_EXITCODE(125, 0);
    return CLAIM_FAILED;
}

// Writes how the attempt of a folder ended. A reader takes the record as whole when its last line, `dropped_stderr`, is,
// and as this attempt's by its name: a crash of the machine can bring the record of an earlier one back.
bool write_record(const char *folder) {
    const char *name = strrchr(folder, '/');
    record.size = 0;
    add(&record, "attempt ");
    add(&record, name == NULL ? folder : name + 1);
    add(&record, "\n");
    if (WIFSIGNALED(shim.child_status)) add_line(&record, "signal ", (uint64_t)WTERMSIG(shim.child_status));
    else add_line(&record, "exit ", (uint64_t)WEXITSTATUS(shim.child_status));
    add_line(&record, "timed_out ", shim.timed_out);
    add_line(&record, "canceled ", shim.canceled);
    if (shim.error[0] != 0) add(&record, "error ");
    if (shim.error[0] != 0) add(&record, shim.error);
    if (shim.error[0] != 0) add(&record, "\n");
    add_line(&record, "stdout_bytes ", shim.streams[0].written);
    add_line(&record, "stderr_bytes ", shim.streams[1].written);
    add_line(&record, "dropped_stdout ", shim.streams[0].dropped);
    add_line(&record, "dropped_stderr ", shim.streams[1].dropped);
    shim.is_written = true;
    return pwrite(shim.record, record.bytes, record.size, (off_t)first_line.size) == (ssize_t)record.size
        && linkat(draft_folder(), draft_name, shim.folder, record_name, 0) == 0;
}

// What was recorded last; its size goes into `size`.
const char *last_record(size_t *size) {
    *size = record.size;
    return record.bytes;
}
