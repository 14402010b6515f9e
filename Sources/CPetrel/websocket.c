#include "CPetrel.h"

#include <libwebsockets.h>

bool petrel_lws_probe(void) {
    lws_set_log_level(0, NULL);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .timeout_secs = 15,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_VALIDATE_UTF8,
    };
    struct lws_context *context = lws_create_context(&info);
    if (context == NULL) return false;
    lws_context_destroy(context);
    return true;
}
