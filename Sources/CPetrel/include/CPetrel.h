// The few C functions that Swift can't import: variadic calls, system calls without a wrapper, callbacks set by macro.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/types.h>

// process.c

// Starts a program: standard streams on /dev/null, nothing else inherited, signals reset, SIGTERM blocked (petrel-shim
// takes it from a signalfd). Returns 0 or an error number.
int petrel_spawn(const char *path, char *const arguments[], char *const environment[], pid_t *pid);
// The pidfd of a process; -1 with errno when there is none.
int petrel_pidfd_open(pid_t pid);
int petrel_pidfd_send_signal(int pidfd, int number);
// Reaps an own child that has ended. Returns its wait status, or -1 when it is no child of this process or lives.
int petrel_reap(int pidfd);

// thread.c

// Starts a detached thread with all signals blocked. Returns 0 or an error number.
int petrel_start_thread(const char *name, void (*body)(void *), void *context);

// curl.c; an `easy` is a CURL handle. Each returns a CURLcode.
typedef size_t (*petrel_curl_write)(char *data, size_t size, size_t count, void *context);
typedef int (*petrel_curl_progress)(void *context, int64_t, int64_t, int64_t, int64_t);

int petrel_curl_set_long(void *easy, int option, long value);
int petrel_curl_set_offset(void *easy, int option, int64_t value);
int petrel_curl_set_text(void *easy, int option, const char *value);
int petrel_curl_set_pointer(void *easy, int option, const void *value);
int petrel_curl_set_write(void *easy, int option, petrel_curl_write callback);
int petrel_curl_set_progress(void *easy, petrel_curl_progress callback);
int petrel_curl_get_status(void *easy, long *status);

// websocket.c

// Whether a libwebsockets context for clients can be created; it is destroyed at once.
bool petrel_lws_probe(void);

// memory.c

// Lets the allocator use so many heaps instead of one for each thread.
void petrel_limit_heaps(int count);

// Gives memory that is free back to the system.
void petrel_trim_heaps(void);

// pam.c

// Asks PAM, by the rules of a service, whether a password is a user's and the account may be used. Blocks. Returns 0 when
// so, -1 when there is no PAM on this machine, else PAM's error number.
int petrel_pam_check(const char *service, const char *user, const char *password);
