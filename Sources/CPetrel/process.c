#define _GNU_SOURCE
#include "CPetrel.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

// Made once and only read afterwards, by any thread.
static posix_spawn_file_actions_t actions;
static posix_spawnattr_t attributes;
static int preparation_error;

static void prepare(void) {
    sigset_t all, blocked;
    sigfillset(&all);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0) error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
    if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, 0, 1);
    if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, 0, 2);
    if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (error == 0) error = posix_spawnattr_init(&attributes);
    if (error == 0) error = posix_spawnattr_setsigdefault(&attributes, &all);
    if (error == 0) error = posix_spawnattr_setsigmask(&attributes, &blocked);
    if (error == 0) error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    preparation_error = error;
}

int petrel_spawn(const char *path, char *const arguments[], char *const environment[], pid_t *pid) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
    if (preparation_error != 0) return preparation_error;
    return posix_spawn(pid, path, &actions, &attributes, arguments, environment);
}

int petrel_spawn_worker(
    const char *path, char *const arguments[], char *const environment[], pid_t *pid, int *control) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return errno;
    posix_spawn_file_actions_t own;
    posix_spawnattr_t attributes;
    sigset_t all, blocked;
    sigfillset(&all);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    int error = posix_spawn_file_actions_init(&own);
    if (error == 0) error = posix_spawnattr_init(&attributes);
    if (error == 0) error = posix_spawn_file_actions_addopen(&own, 0, "/dev/null", O_RDWR, 0);
    if (error == 0) error = posix_spawn_file_actions_adddup2(&own, 0, 1);
    if (error == 0) error = posix_spawn_file_actions_adddup2(&own, 0, 2);
    if (error == 0) error = posix_spawn_file_actions_adddup2(&own, pair[1], 3);
    if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&own, 4);
    if (error == 0) error = posix_spawnattr_setsigdefault(&attributes, &all);
    if (error == 0) error = posix_spawnattr_setsigmask(&attributes, &blocked);
    short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID;
    if (error == 0) error = posix_spawnattr_setflags(&attributes, flags);
    if (error == 0) error = posix_spawnp(pid, path, &own, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&own);
    posix_spawnattr_destroy(&attributes);
    close(pair[1]);
    if (error == 0) *control = pair[0];
    else close(pair[0]);
    return error;
}

int petrel_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int petrel_pidfd_send_signal(int pidfd, int number) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
}

int petrel_reap(int pidfd) {
    siginfo_t info = {0};
    if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return -1;
    return info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0) : W_EXITCODE(0, info.si_status);
}
