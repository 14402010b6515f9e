// What the parts of petrel-shim share. One process keeps one child at a time, so its state is one static structure.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// One output pipe of the child and the file that it is spooled to.
struct stream {
    const char *name;
    int pipe;
    int file;
    bool is_broken;
    uint64_t written;
    uint64_t dropped;
};

enum phase {
    PHASE_RUNNING,
    // SIGTERM was sent to every descendant; awaits that none is left, or the end of the grace time.
    PHASE_ENDING,
    // SIGKILL is sent again and again; awaits that none is left.
    PHASE_KILLING,
};

struct shim {
    int folder;
    // The folder of the record's first name, if it was made before there was a job.
    int drafts;
    int signals;
    int record;
    // Whether the record of an end is in it.
    bool is_written;
    // The socket from which a shim that waits gets its jobs, if the service has not closed it.
    int jobs;
    int64_t timeout_ms;
    int64_t grace_ms;
    uint64_t max_output;
    const char *cwd;
    // NULL for a child that is there already and waits for its start.
    char **argv;
    // Where such a child awaits a byte; its outputs are the pipes of `streams`.
    int start;

    pid_t child;
    bool child_ended;
    int child_status;
    bool has_children;

    enum phase phase;
    int64_t deadline;
    bool timed_out;
    bool canceled;
    struct stream streams[2];
    char error[512];
};

extern struct shim shim;

// Exit statuses of the shim itself, for whoever reads its wait status.
enum { SHIM_RECORDED = 0, SHIM_USAGE = 64, SHIM_VOIDED = 120, SHIM_NOT_STARTED = 121, SHIM_NOT_RECORDED = 122 };

enum claim { CLAIM_WON, CLAIM_VOIDED, CLAIM_FAILED };

// record.c: the files that the service reads.
enum claim claim_start(const char *folder);
void describe_process(void);
void prepare_record(const char *folder);
void drop_draft(void);
bool reserve_record(void);
bool write_record(const char *folder);
const char *last_record(size_t *size);
void set_error(const char *what, const char *subject, int number);

// child.c: the child and its output.
bool start_child(void);
void pump(struct stream *stream);
void drain(struct stream *stream);
void forget_streams(void);

// main.c: what signals say.
bool take_signals(void);

// descendants.c: ending whatever the child left behind.
void signal_descendants(int number);

// ready.c: what a shim that waits for something to run has to say to the service, and hears from it.
bool await_job(int *count, char ***arguments);
bool ask_for_job(void);
bool take_cancel(void);
