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
// Starts a program in a session of its own that is talked to by packets: its descriptor 3 is the other end of `control`.
// Nothing else is inherited, SIGTERM is blocked. Returns 0 or an error number.
int petrel_spawn_worker(
    const char *path, char *const arguments[], char *const environment[], pid_t *pid, int *control);
// The pidfd of a process; -1 with errno when there is none.
int petrel_pidfd_open(pid_t pid);
int petrel_pidfd_send_signal(int pidfd, int number);
// Reaps an own child that has ended. Returns its wait status, or -1 when it is no child of this process or lives.
int petrel_reap(int pidfd);

// files.c

// Gives a file or folder another name, unless something has that. Returns 0, or -1 with errno.
int petrel_rename_new(const char *from, const char *to);

// thread.c

// Starts a detached thread with all signals blocked. Returns 0 or an error number.
int petrel_start_thread(const char *name, void (*body)(void *), void *context);

// curl.c; an `easy` is a CURL handle. Each returns a CURLcode.
typedef size_t (*petrel_curl_write)(char *data, size_t size, size_t count, void *context);

// What a transfer is asked while it goes on. The addresses are numeric; an IPv4 one inside IPv6 is written as IPv4.
struct petrel_curl_hooks {
    void *context;
    // Before a connection is made; false forbids it.
    bool (*may_connect)(void *context, const char *address);
    // Before a request goes out on a connection, old or new; false ends the transfer.
    bool (*may_send)(void *context, const char *address);
};

int petrel_curl_set_long(void *easy, int option, long value);
int petrel_curl_set_offset(void *easy, int option, int64_t value);
int petrel_curl_set_text(void *easy, int option, const char *value);
int petrel_curl_set_pointer(void *easy, int option, const void *value);
int petrel_curl_set_write(void *easy, int option, petrel_curl_write callback);
// The hooks must outlive the transfer.
int petrel_curl_set_hooks(void *easy, struct petrel_curl_hooks *hooks);
int petrel_curl_get_status(void *easy, long *status);
int petrel_curl_multi_set_long(void *multi, int option, long value);
// Takes the next transfer that is over off the multi handle's list: its easy handle and CURLcode. NULL for none.
void *petrel_curl_next_done(void *multi, int *code);

// websocket.c; to be called on the one thread that serves the context, which nothing else may touch.
struct lws;
struct lws_context;
struct lws_vhost;

// Takes every event of every connection; `user` is the target's. A result other than 0 closes the connection.
typedef int (*petrel_lws_event)(struct lws *wsi, int reason, void *user, void *in, size_t size);

struct petrel_lws_target {
    // What is connected to: an IP address, or with a proxy the name that the proxy is to connect to.
    const char *address;
    // The Host header; its name is the one that the certificate must be for.
    const char *host;
    const char *path;
    // Separated by commas; NULL for none.
    const char *subprotocols;
    void *user;
    int port;
    bool secure;
};

enum petrel_lws_kind { PETREL_LWS_TEXT, PETREL_LWS_BINARY, PETREL_LWS_PING };

// A context without listeners, extensions and time-outs of its own; NULL when it can't be made.
struct lws_context *petrel_lws_create_context(petrel_lws_event event, unsigned max_connections);
// What connections of one kind share: whom they trust (NULL: the system's authorities) and their proxy, as
// [user:password@]address:port (NULL: none).
struct lws_vhost *petrel_lws_create_vhost(struct lws_context *context, const char *name, const char *ca_file,
                                          const char *proxy);
// Begins a connection; events may come before it returns. NULL when it failed at once.
struct lws *petrel_lws_connect(struct lws_context *context, struct lws_vhost *vhost,
                               const struct petrel_lws_target *target);
// How many bytes before a payload belong to the library.
size_t petrel_lws_padding(void);
// Writes one frame, whose payload is changed in place; negative when the connection is broken.
int petrel_lws_write(struct lws *wsi, unsigned char *payload, size_t size, enum petrel_lws_kind kind);
// Ends a connection without further ado; not from within its own events.
void petrel_lws_kill(struct lws *wsi);
// Makes lws_service return after that time, once.
void petrel_lws_wake_after(struct lws_context *context, int64_t microseconds);
// What is wrong with the peer's certificate, as an X509_V_ number; 0 for nothing.
long petrel_lws_verify_result(struct lws *wsi);

enum petrel_tcp_state {
    PETREL_TCP_UNKNOWN, PETREL_TCP_CONNECTING, PETREL_TCP_OPEN, PETREL_TCP_ENDED, PETREL_TCP_RESET
};

// How the other side of a TCP connection stands, and how long nothing has come from it (-1: unknown).
enum petrel_tcp_state petrel_tcp_look(int descriptor, int64_t *quiet_milliseconds);

// memory.c

// Lets the allocator use so many heaps instead of one for each thread.
void petrel_limit_heaps(int count);

// Gives memory that is free back to the system.
void petrel_trim_heaps(void);

// Takes the pages of programs and libraries out of this process; those that are used again come back from the file.
void petrel_unmap_idle_code(void);

// pam.c

// Asks PAM, by the rules of a service, whether a password is a user's and the account may be used. Blocks. Returns 0 when
// so, -1 when there is no PAM on this machine, else PAM's error number.
int petrel_pam_check(const char *service, const char *user, const char *password);
