#pragma once
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/err.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

/* Begins an HMAC-SHA-256; 1 if it can. The parameters' list is a chore from Swift. */
static inline int petrel_mac_init_sha256(EVP_MAC_CTX *context, const unsigned char *key, size_t size) {
    char name[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0), OSSL_PARAM_construct_end()};
    return EVP_MAC_init(context, key, size, parameters);
}
