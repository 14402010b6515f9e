// A shim that was started before there was anything to run, so that a command does not wait for a process to begin.
//
// It reads one packet from its descriptor 3: the number of its arguments, the arguments, then the variables that the
// command sees, each with a NUL behind it. The end of the socket says that the service is gone, or has no use for it; the
// other way round it says that the record of the job is written, for a process takes a while to be gone.
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// The service gives longer ones to a shim that it starts for them.
enum { packet_size = 64 * 1024 };

static char packet[packet_size];

static size_t receive(void) {
    ssize_t size;
    do size = recv(shim.jobs, packet, sizeof packet, MSG_TRUNC);
    while (size < 0 && errno == EINTR);
    return size > 0 && (size_t)size <= sizeof packet && packet[size - 1] == 0 ? (size_t)size : 0;
}

// Two null-ended arrays in one: the arguments, then the variables.
static char **split(size_t size, size_t arguments) {
    size_t texts = 0;
    for (size_t at = 0; at < size; at++) texts += packet[at] == 0;
    char **list = calloc(texts + 2, sizeof *list);
    if (list == NULL || arguments > texts) return NULL;
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
    char **list = split(size - prefix, number);
    if (list == NULL) return false;
    *count = (int)number;
    *arguments = list;
    environ = list + number + 1;
    return true;
}
