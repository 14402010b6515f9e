// The child: how it is started, and where its output goes.
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

// What the child says about why it could not become the program; it shares the shim's memory until then.
struct failure {
    int number;
    bool is_folder;
};

static int open_stdin(void) {
    int file = openat(shim.folder, "stdin", O_RDONLY | O_CLOEXEC);
    if (file < 0) return open("/dev/null", O_RDONLY | O_CLOEXEC);
    // It may hold a password, and the attempt is never started again.
    unlinkat(shim.folder, "stdin", 0);
    return file;
}

static void become_program(int input, int output, int errors, volatile struct failure *failure) {
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    dup2(input, 0);
    dup2(output, 1);
    dup2(errors, 2);
    // A folder that does not answer must not keep the service from hearing that the shim has gone.
    if (shim.jobs >= 0) close(shim.jobs);
    failure->is_folder = true;
    if (chdir(shim.cwd) == 0) {
        failure->is_folder = false;
        signal(SIGXFSZ, SIG_DFL);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execvp(shim.argv[0], shim.argv);
    }
    failure->number = errno;
    _exit(127);
}

static __attribute__((noinline)) pid_t spawn(int input, int output, int errors, volatile struct failure *failure) {
    pid_t pid = vfork();
    if (pid == 0) become_program(input, output, errors, failure);
    if (pid < 0) failure->number = errno;
    return pid;
}

static bool refuse(const char *what, const char *subject, int number) {
    set_error(what, subject, number);
    shim.child_status = W_EXITCODE(number == ENOENT ? 127 : 126, 0);
    return false;
}

// Lets a child go on that was forked before the shim took its place as the parent. It has its input open.
static bool release_child(void) {
    unlinkat(shim.folder, "stdin", 0);
    signal(SIGPIPE, SIG_IGN);
    ssize_t count = write(shim.start, "g", 1);
    int number = errno;
    close(shim.start);
    for (int index = 0; index < 2; index++) fcntl(shim.streams[index].pipe, F_SETFL, O_NONBLOCK);
    if (count == 1) return true;
    return refuse("the program that was ready is gone", NULL, number);
}

// Starts the child in a process group of its own. False when it could not be, with the error set.
bool start_child(void) {
    if (shim.argv == NULL) return release_child();
    int output[2], errors[2], input = open_stdin();
    if (input < 0 || pipe2(output, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0) {
        return refuse("no pipe for the output", NULL, errno);
    }
    volatile struct failure failure = {0, false};
    shim.child = spawn(input, output[1], errors[1], &failure);
    close(input);
    close(output[1]);
    close(errors[1]);
    if (failure.number != 0) {
        if (shim.child > 0) waitpid(shim.child, NULL, 0);
        if (failure.is_folder) return refuse("the working folder can't be entered,", shim.cwd, failure.number);
        return refuse("the program can't be started,", shim.argv[0], failure.number);
    }
    // Only the shim's ends: the child was given blocking pipes, as programs expect.
    fcntl(output[0], F_SETFL, O_NONBLOCK);
    fcntl(errors[0], F_SETFL, O_NONBLOCK);
    shim.streams[0].pipe = output[0];
    shim.streams[1].pipe = errors[0];
    return true;
}

static char buffer[64 * 1024];

// A write error drops the rest of the stream, so that the file stays a prefix of it.
static void spool(struct stream *stream, size_t size) {
    uint64_t room = shim.max_output - stream->written;
    size_t wanted = size < room ? size : (size_t)room, done = 0;
    if (stream->file < 0 && wanted > 0 && !stream->is_broken) {
        stream->file = openat(shim.folder, stream->name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        stream->is_broken = stream->file < 0;
    }
    while (done < wanted && !stream->is_broken) {
        ssize_t count = write(stream->file, buffer + done, wanted - done);
        if (count > 0) done += (size_t)count;
        else if (errno != EINTR) stream->is_broken = true;
    }
    stream->written += done;
    stream->dropped += size - done;
}

// Takes one buffer of what the child wrote. Returns how much that was.
static size_t take(struct stream *stream, size_t limit) {
    ssize_t count = read(stream->pipe, buffer, limit < sizeof buffer ? limit : sizeof buffer);
    if (count > 0) {
        spool(stream, (size_t)count);
        return (size_t)count;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        close(stream->pipe);
        stream->pipe = -1;
    }
    return 0;
}

void pump(struct stream *stream) { take(stream, sizeof buffer); }

// Takes what is in the pipe now and no more: a background process may hold it open, and fill it, for ever.
void drain(struct stream *stream) {
    int rest = 0;
    if (stream->pipe < 0 || ioctl(stream->pipe, FIONREAD, &rest) != 0) return;
    while (rest > 0 && stream->pipe >= 0) {
        size_t count = take(stream, (size_t)rest);
        if (count == 0) return;
        rest -= (int)count;
    }
}

static void forget(struct stream *stream) {
    if (stream->pipe >= 0) close(stream->pipe);
    if (stream->file >= 0) close(stream->file);
    *stream = (struct stream){.name = stream->name, .pipe = -1, .file = -1};
}

// Makes the streams as they were before the child, for another one.
void forget_streams(void) {
    for (int index = 0; index < 2; index++) forget(&shim.streams[index]);
}
