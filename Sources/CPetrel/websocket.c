#include "CPetrel.h"

#include <libwebsockets.h>
#include <netinet/tcp.h>
#include <string.h>

static petrel_lws_event on_event;

static int forward(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size) {
    return on_event(wsi, (int)reason, user, in, size);
}

// Has to outlive every vhost. The second number is how much of a frame is handed on at a time.
static const struct lws_protocols protocols[] = {
    {"petrel", forward, 0, 16 * 1024, 0, NULL, 0},
    {NULL, NULL, 0, 0, 0, NULL, 0},
};

// All zero: the library neither pings nor hangs up by itself.
static const lws_retry_bo_t no_policy;

enum { never = 24 * 3600, serve_bytes = 32 * 1024 };

struct lws_context *petrel_lws_create_context(petrel_lws_event event, unsigned max_connections) {
    on_event = event;
    lws_set_log_level(0, NULL);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .gid = -1,
        .uid = -1,
        // Without it the tables are as large as the process's limit of descriptors, which can be a billion.
        .fd_limit_per_thread = max_connections + 8,
        .pt_serv_buf_size = serve_bytes,
        .max_http_header_data2 = 16 * 1024,
        .timeout_secs = never,
        .connect_timeout_secs = never,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
    };
    return lws_create_context(&info);
}

struct lws_vhost *petrel_lws_create_vhost(struct lws_context *context, const char *name, const char *ca_file,
                                          const char *proxy) {
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .vhost_name = name,
        // No extensions: permessage-deflate of this version can abort the process. NULL for the proxy would mean that the
        // library looks for one in the environment.
        .http_proxy_address = proxy == NULL ? "" : proxy,
        .timeout_secs = never,
        .connect_timeout_secs = never,
        .ka_time = 30,
        .ka_interval = 10,
        .ka_probes = 3,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
    };
    if (ca_file != NULL) {
        info.client_ssl_ca_filepath = ca_file;
        info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    }
    return lws_create_vhost(context, &info);
}

struct lws *petrel_lws_connect(struct lws_context *context, struct lws_vhost *vhost,
                               const struct petrel_lws_target *target) {
    struct lws_client_connect_info info = {
        .context = context,
        .vhost = vhost,
        .address = target->address,
        .port = target->port,
        .host = target->host,
        .path = target->path,
        .protocol = target->subprotocols,
        .local_protocol_name = protocols[0].name,
        .alpn = "http/1.1",
        .retry_and_idle_policy = &no_policy,
        .userdata = target->user,
        // A redirect would take the token in the headers to wherever the answer points.
        .ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (target->secure ? LCCSCF_USE_SSL : 0),
    };
    return lws_client_connect_via_info(&info);
}

size_t petrel_lws_padding(void) { return LWS_PRE; }

int petrel_lws_write(struct lws *wsi, unsigned char *payload, size_t size, enum petrel_lws_kind kind) {
    enum lws_write_protocol how = kind == PETREL_LWS_TEXT ? LWS_WRITE_TEXT
        : kind == PETREL_LWS_BINARY ? LWS_WRITE_BINARY : LWS_WRITE_PING;
    return lws_write(wsi, payload, size, how);
}

void petrel_lws_kill(struct lws *wsi) { lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC); }

static struct lws_context *timed;
static lws_sorted_usec_list_t timer;

// The library runs its timers without leaving lws_service.
static void leave(lws_sorted_usec_list_t *list) {
    (void)list;
    lws_cancel_service(timed);
}

void petrel_lws_wake_after(struct lws_context *context, int64_t microseconds) {
    timed = context;
    lws_sul_schedule(context, 0, &timer, leave, microseconds);
}

long petrel_lws_verify_result(struct lws *wsi) {
    SSL *tls = lws_get_ssl(wsi);
    return tls == NULL ? X509_V_OK : SSL_get_verify_result(tls);
}

enum petrel_tcp_state petrel_tcp_look(int descriptor, int64_t *quiet_milliseconds) {
    struct tcp_info info;
    socklen_t size = sizeof info;
    memset(&info, 0, sizeof info);
    *quiet_milliseconds = -1;
    if (descriptor < 0 || getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return PETREL_TCP_UNKNOWN;
    *quiet_milliseconds = info.tcpi_last_data_recv;
    switch (info.tcpi_state) {
    case TCP_SYN_SENT: return PETREL_TCP_CONNECTING;
    case TCP_ESTABLISHED: return PETREL_TCP_OPEN;
    // We have ended our side, the other has not.
    case TCP_FIN_WAIT1:
    case TCP_FIN_WAIT2: return PETREL_TCP_OPEN;
    case TCP_CLOSE: return PETREL_TCP_RESET;
    default: return PETREL_TCP_ENDED;
    }
}
