// petrel-shim keeps one child process of the service and outlives the service. Per attempt it
//   - claims the start, so that an attempt is run at most once whoever is killed when (record.c),
//   - spools the child's output to files, each up to a cap (child.c),
//   - ends every descendant on time-out or on SIGTERM (descendants.c),
//   - records how the child ended (record.c).
//
// petrel-shim RUNDIR TIMEOUT_MS GRACE_MS MAX_OUTPUT_BYTES CWD -- argv…
// petrel-shim RUNDIR TIMEOUT_MS GRACE_MS MAX_OUTPUT_BYTES CWD --child PID STDOUT STDERR START
// petrel-shim --ready FOLDER
//
// The second form is for a process that forked its child itself and then became the shim: it hands over the reading ends
// of the child's outputs, and the writing end of the pipe from which the child reads one byte before it begins. A child
// that reads the end of that pipe instead leaves without a trace, so nothing runs that was not claimed. The third form is
// given the arguments of the first whenever there is something to run, one attempt after the other (ready.c); until then
// its record lies in FOLDER.
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct shim shim = {
    .folder = -1,
    .drafts = -1,
    .signals = -1,
    .record = -1,
    .jobs = -1,
    .start = -1,
    .streams = {{.name = "stdout", .pipe = -1, .file = -1}, {.name = "stderr", .pipe = -1, .file = -1}},
};

// How often the kill is repeated, and when it is given up: a process in an unkillable sleep, or of another user.
static const int64_t kill_interval_ms = 5;
static const int64_t kill_limit_ms = 700;

static int64_t now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static bool read_number(const char *text, uint64_t *number) {
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == 0 && errno == 0 && *number <= INT64_MAX / 2;
}

static bool read_child(int count, char **arguments) {
    uint64_t number[4];
    if (count != 11) return false;
    for (int index = 0; index < 4; index++) {
        if (!read_number(arguments[7 + index], &number[index]) || number[index] > INT_MAX) return false;
    }
    shim.child = (pid_t)number[0];
    shim.streams[0].pipe = (int)number[1];
    shim.streams[1].pipe = (int)number[2];
    shim.start = (int)number[3];
    return shim.child > 1;
}

static bool read_arguments(int count, char **arguments) {
    uint64_t timeout, grace;
    if (count < 8) return false;
    if (strcmp(arguments[6], "--") == 0) shim.argv = arguments + 7;
    else if (strcmp(arguments[6], "--child") != 0 || !read_child(count, arguments)) return false;
    if (!read_number(arguments[2], &timeout) || !read_number(arguments[3], &grace)) return false;
    if (!read_number(arguments[4], &shim.max_output)) return false;
    shim.timeout_ms = (int64_t)timeout;
    shim.grace_ms = (int64_t)grace;
    shim.cwd = arguments[5];
    return true;
}

static bool is_kept(int descriptor) {
    return descriptor == shim.jobs || descriptor == shim.start || descriptor == shim.streams[0].pipe || descriptor == shim.streams[1].pipe;
}

// Closes what the service had open, but for what a child that is there already needs.
static void close_inherited(void) {
    unsigned first = 3;
    for (unsigned descriptor = 3; shim.argv == NULL && descriptor < 1024; descriptor++) {
        if (!is_kept((int)descriptor)) continue;
        if (descriptor > first) close_range(first, descriptor - 1, 0);
        fcntl((int)descriptor, F_SETFD, FD_CLOEXEC);
        first = descriptor + 1;
    }
    close_range(first, ~0U, 0);
}

// Cuts what ties the shim to the service: session, descriptors, signal settings. False without a session of its own,
// for then the groups of descendants could hold strangers.
static bool detach(void) {
    if (setsid() < 0 && getsid(0) != getpid()) return false;
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    close_inherited();
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0) (void)!open("/dev/null", O_RDWR);
    }
    // The system call itself, for the C library hides two signals and leaves them ignored in what it spawns. Zeros say
    // SIG_DFL.
    static const uint64_t defaults[4];
    for (int number = 1; number <= SIGRTMAX; number++) syscall(SYS_rt_sigaction, number, defaults, NULL, 8);
    // The service may have many files open; programs that use select() must not.
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > 1024) {
        files.rlim_cur = 1024;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    // A spool file over the file size limit is a write error, not the end of the shim.
    signal(SIGXFSZ, SIG_IGN);
    sigset_t waited;
    sigemptyset(&waited);
    sigaddset(&waited, SIGCHLD);
    sigaddset(&waited, SIGTERM);
    sigprocmask(SIG_SETMASK, &waited, NULL);
    shim.signals = signalfd(-1, &waited, SFD_CLOEXEC | SFD_NONBLOCK);
    return shim.signals >= 0;
}

// Takes what signals have come. Returns whether one of them asks to end.
bool take_signals(void) {
    struct signalfd_siginfo info[8];
    bool asked = false;
    ssize_t size;
    while ((size = read(shim.signals, info, sizeof info)) > 0) {
        for (size_t index = 0; index < (size_t)size / sizeof info[0]; index++) {
            if (info[index].ssi_signo == SIGTERM) asked = true;
        }
    }
    return asked;
}

// Whether somebody asks to end the child: by signal, or, where the service handed the job on, by a packet.
static bool is_asked_to_end(void) {
    bool is_signaled = take_signals();
    return take_cancel() || is_signaled;
}

// Reaps the child and whatever was handed to the shim as subreaper.
static void reap(void) {
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);
        if (pid == shim.child) {
            shim.child_ended = true;
            shim.child_status = status;
        } else if (pid <= 0) {
            // With the subreaper set, no children means no descendants either.
            shim.has_children = !(pid < 0 && errno == ECHILD);
            return;
        }
    }
}

static void begin_ending(void) {
    signal_descendants(SIGTERM);
    shim.phase = PHASE_ENDING;
    shim.deadline = now_ms() + shim.grace_ms;
}

static void act_on_time(bool asked_to_end) {
    int64_t now = now_ms();
    if (shim.phase == PHASE_RUNNING && !shim.child_ended) {
        shim.canceled = asked_to_end;
        shim.timed_out = !asked_to_end && shim.timeout_ms > 0 && now >= shim.deadline;
        if (shim.canceled || shim.timed_out) begin_ending();
    }
    if (shim.phase == PHASE_ENDING && now >= shim.deadline) {
        shim.phase = PHASE_KILLING;
        shim.deadline = now + kill_limit_ms;
    }
    if (shim.phase == PHASE_KILLING) signal_descendants(SIGKILL);
}

static bool is_over(void) {
    if (shim.phase == PHASE_RUNNING) return shim.child_ended;
    if (!shim.has_children) return true;
    if (shim.phase == PHASE_ENDING || now_ms() < shim.deadline) return false;
    set_error("some processes could not be ended", NULL, 0);
    return true;
}

static int wait_ms(void) {
    if (shim.phase == PHASE_KILLING) return (int)kill_interval_ms;
    if (shim.phase == PHASE_RUNNING && shim.timeout_ms == 0) return -1;
    int64_t rest = shim.deadline - now_ms();
    return rest < 0 ? 0 : rest > INT_MAX ? INT_MAX : (int)rest;
}

static void keep_child(void) {
    shim.has_children = true;
    shim.deadline = now_ms() + shim.timeout_ms;
    while (!is_over()) {
        struct pollfd ready[4] = {
            {.fd = shim.signals, .events = POLLIN},
            {.fd = shim.jobs, .events = POLLIN},
            {.fd = shim.streams[0].pipe, .events = POLLIN},
            {.fd = shim.streams[1].pipe, .events = POLLIN},
        };
        poll(ready, 4, wait_ms());
        for (int index = 0; index < 2; index++) {
            if (ready[index + 2].revents != 0) pump(&shim.streams[index]);
        }
        bool asked = (ready[0].revents | ready[1].revents) != 0 && is_asked_to_end();
        reap();
        act_on_time(asked);
    }
    for (int index = 0; index < 2; index++) drain(&shim.streams[index]);
}

static int refuse_usage(void) {
    static const char usage[] = "usage: petrel-shim RUNDIR TIMEOUT_MS GRACE_MS MAX_OUTPUT_BYTES CWD -- argv…\n";
    (void)!write(2, usage, sizeof usage - 1);
    return SHIM_USAGE;
}

static enum claim keep_claimed(const char *folder) {
    enum claim claim = claim_start(folder);
    if (claim != CLAIM_WON) return claim;
    if (is_asked_to_end()) {
        shim.canceled = true;
        shim.child_status = SIGTERM;
    } else if (start_child()) {
        keep_child();
    }
    return claim;
}

// Keeps one attempt from its claim to its record. Returns the exit status that tells of it.
static int keep_attempt(const char *folder) {
    shim.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (shim.folder < 0 || !reserve_record()) return SHIM_NOT_STARTED;
    if (keep_claimed(folder) == CLAIM_VOIDED) return SHIM_VOIDED;
    return write_record(folder) ? SHIM_RECORDED : SHIM_NOT_RECORDED;
}

// Whether the attempt came to its end by itself and left no process behind.
static bool is_clean(void) { return shim.phase == PHASE_RUNNING && shim.child_ended && !shim.has_children; }

static void forget_attempt(void) {
    close(shim.folder);
    shim.folder = -1;
    forget_streams();
    shim.child_ended = shim.has_children = shim.timed_out = shim.canceled = false;
    shim.child = 0;
    shim.child_status = 0;
    shim.error[0] = 0;
}

// Keeps one attempt after the other, until the service is gone or one of them has left something behind.
static int keep_attempts(const char *drafts) {
    // No command may look into the process that keeps somebody else's next.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prepare_record(drafts);
    for (;;) {
        int count;
        char **arguments;
        if (!await_job(&count, &arguments) || !read_arguments(count, arguments)) return SHIM_NOT_STARTED;
        int status = keep_attempt(arguments[1]);
        // Without a place for records of its own it is of no more use.
        if (status != SHIM_RECORDED || shim.drafts < 0 || !is_clean() || !ask_for_job()) return status;
        forget_attempt();
    }
}

int main(int count, char **arguments) {
    bool is_ready = count == 3 && strcmp(arguments[1], "--ready") == 0;
    if (is_ready) shim.jobs = 3;
    else if (!read_arguments(count, arguments)) return refuse_usage();
    if (!detach()) return SHIM_NOT_STARTED;
    describe_process();
    int status = is_ready ? keep_attempts(arguments[2]) : keep_attempt(arguments[1]);
    if (shim.record >= 0) drop_draft();
    // A process takes a while to be gone, and the service waits for the end of the socket.
    if (shim.jobs >= 0) close(shim.jobs);
    return status;
}
