#pragma once
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/err.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

// An HMAC that knows its digest and not yet its key: to be copied, since looking the digest up takes longer than the rest.
// The parameters' list is a chore from Swift.
static inline EVP_MAC_CTX *petrel_hmac_sha256(void) {
    char name[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0), OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(EVP_MAC_fetch(NULL, "HMAC", NULL));
    if (context != NULL) EVP_MAC_CTX_set_params(context, parameters);
    return context;
}
