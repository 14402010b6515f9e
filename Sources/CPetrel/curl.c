#define _GNU_SOURCE
#include "CPetrel.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>
#include <sys/socket.h>

int petrel_curl_set_long(void *easy, int option, long value) {
    return (int)curl_easy_setopt(easy, (CURLoption)option, value);
}

int petrel_curl_set_offset(void *easy, int option, int64_t value) {
    return (int)curl_easy_setopt(easy, (CURLoption)option, (curl_off_t)value);
}

int petrel_curl_set_text(void *easy, int option, const char *value) {
    return (int)curl_easy_setopt(easy, (CURLoption)option, value);
}

int petrel_curl_set_pointer(void *easy, int option, const void *value) {
    return (int)curl_easy_setopt(easy, (CURLoption)option, value);
}

int petrel_curl_set_write(void *easy, int option, petrel_curl_write callback) {
    return (int)curl_easy_setopt(easy, (CURLoption)option, callback);
}

static void write_plain(int family, const void *address, char *text, socklen_t size) {
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (family == AF_INET6 && memcmp(address, mapped, sizeof mapped) == 0) {
        family = AF_INET;
        address = (const char *)address + sizeof mapped;
    }
    if (inet_ntop(family, address, text, size) == NULL) text[0] = '\0';
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    struct petrel_curl_hooks *hooks = context;
    char text[INET6_ADDRSTRLEN] = "";
    if (address->family == AF_INET) {
        write_plain(AF_INET, &((struct sockaddr_in *)(void *)&address->addr)->sin_addr, text, sizeof text);
    } else if (address->family == AF_INET6) {
        write_plain(AF_INET6, &((struct sockaddr_in6 *)(void *)&address->addr)->sin6_addr, text, sizeof text);
    }
    if (!hooks->may_connect(hooks->context, text)) return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int before_request(void *context, char *address, char *local, int port, int local_port) {
    (void)local, (void)port, (void)local_port;
    struct petrel_curl_hooks *hooks = context;
    unsigned char binary[16];
    char text[INET6_ADDRSTRLEN] = "";
    int family = strchr(address, ':') == NULL ? AF_INET : AF_INET6;
    if (inet_pton(family, address, binary) == 1) write_plain(family, binary, text, sizeof text);
    return hooks->may_send(hooks->context, text) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

int petrel_curl_set_hooks(void *easy, struct petrel_curl_hooks *hooks) {
    int code = (int)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    if (code == 0) code = (int)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, hooks);
    if (code == 0) code = (int)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    if (code == 0) code = (int)curl_easy_setopt(easy, CURLOPT_PREREQDATA, hooks);
    return code;
}

int petrel_curl_get_status(void *easy, long *status) {
    return (int)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, status);
}

int petrel_curl_multi_set_long(void *multi, int option, long value) {
    return (int)curl_multi_setopt(multi, (CURLMoption)option, value);
}

void *petrel_curl_next_done(void *multi, int *code) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        *code = (int)message->data.result;
        return message->easy_handle;
    }
    return NULL;
}
