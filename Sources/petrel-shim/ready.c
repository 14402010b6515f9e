// A shim that was started before there was anything to run, so that a command does not wait for a process to begin.
//
// A job is one packet on its descriptor 3: the number of its arguments, the arguments, then the variables that the command
// sees, each with a NUL behind it. A packet of one byte asks to end the job that was given last. The shim answers with
// the record of the job when it has written that and can take another one; where it can't, the end of the socket says that
// the record is written, or that the shim is gone. The other way round that end says that there will be no more jobs.
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// The service gives longer ones to a shim that it starts for them.
enum { packet_size = 64 * 1024 };

static char packet[packet_size];

// Waits for a packet; false when the shim is to leave.
static bool wait_for_packet(void) {
    for (;;) {
        struct pollfd ready[2] = {{.fd = shim.signals, .events = POLLIN}, {.fd = shim.jobs, .events = POLLIN}};
        if (poll(ready, 2, -1) < 0 && errno != EINTR) return false;
        if (ready[0].revents != 0 && take_signals()) return false;
        if (ready[1].revents != 0) return true;
    }
}

static size_t receive(void) {
    ssize_t size;
    // What was to end the last job may come after its end.
    do {
        if (!wait_for_packet()) return 0;
        size = recv(shim.jobs, packet, sizeof packet, MSG_TRUNC | MSG_DONTWAIT);
    } while (size == 1 || (size < 0 && (errno == EINTR || errno == EAGAIN)));
    return size > 0 && (size_t)size <= sizeof packet && packet[size - 1] == 0 ? (size_t)size : 0;
}

// Says what was recorded of the last job, and that another one can come; false when nobody hears that.
bool ask_for_job(void) {
    size_t size;
    const char *text = last_record(&size);
    return shim.jobs >= 0 && send(shim.jobs, text, size, MSG_NOSIGNAL) == (ssize_t)size;
}

// Whether the service asks to end the job.
bool take_cancel(void) {
    char byte;
    if (shim.jobs < 0) return false;
    ssize_t size = recv(shim.jobs, &byte, 1, MSG_DONTWAIT);
    if (size == 0) {
        // The service is gone; the job goes on.
        close(shim.jobs);
        shim.jobs = -1;
    }
    return size > 0;
}

// Two null-ended arrays in one: the arguments, then the variables.
static char **split(size_t size, size_t arguments) {
    size_t texts = 0;
    for (size_t at = 0; at < size; at++) texts += packet[at] == 0;
    char **list = calloc(texts + 2, sizeof *list);
    if (list == NULL || arguments > texts) {
        free(list);
        return NULL;
    }
    char *text = packet;
    for (size_t index = 0; index < texts; index++) {
        list[index < arguments ? index : index + 1] = text;
        text += strlen(text) + 1;
    }
    return list;
}

// Waits for a job and takes its arguments and variables as this process's own; false when none comes.
bool await_job(int *count, char ***arguments) {
    size_t size = receive();
    if (size == 0) return false;
    size_t prefix = strlen(packet) + 1, number = strtoul(packet, NULL, 10);
    memmove(packet, packet + prefix, size - prefix);
    static char **list;
    free(list);
    list = split(size - prefix, number);
    if (list == NULL) return false;
    *count = (int)number;
    *arguments = list;
    environ = list + number + 1;
    return true;
}
