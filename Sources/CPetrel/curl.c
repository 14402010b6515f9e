#include "CPetrel.h"

#include <curl/curl.h>

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

int petrel_curl_set_progress(void *easy, petrel_curl_progress callback) {
    return (int)curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, callback);
}

int petrel_curl_get_status(void *easy, long *status) {
    return (int)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, status);
}
