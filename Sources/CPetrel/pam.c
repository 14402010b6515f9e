// Asks PAM whether a password is right. The library is loaded when it is first needed: Petrel runs without it too.
#include "CPetrel.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

// As the Linux-PAM application interface declares them.
struct message { int style; const char *text; };
struct response { char *text; int code; };
struct conversation {
    int (*ask)(int count, const struct message **messages, struct response **responses, void *context);
    void *context;
};
enum { promptHidden = 1, promptShown = 2, success = 0, conversationFailed = 19 };

static int answer(int count, const struct message **messages, struct response **responses, void *context)
{
    if (count < 1 || count > 32)
        return conversationFailed;
    struct response *answers = calloc((size_t)count, sizeof *answers);
    if (answers == NULL)
        return conversationFailed;
    for (int i = 0; i < count; i++) {
        // Only what is not echoed is the password; other questions get an empty answer.
        if (messages[i]->style == promptHidden)
            answers[i].text = strdup(context);
        else if (messages[i]->style == promptShown)
            answers[i].text = strdup("");
    }
    *responses = answers;
    return success;
}

int petrel_pam_check(const char *service, const char *user, const char *password)
{
    void *library = dlopen("libpam.so.0", RTLD_NOW);
    if (library == NULL)
        return -1;
    int (*start)(const char *, const char *, const struct conversation *, void **) =
        (int (*)(const char *, const char *, const struct conversation *, void **))dlsym(library, "pam_start");
    int (*authenticate)(void *, int) = (int (*)(void *, int))dlsym(library, "pam_authenticate");
    int (*account)(void *, int) = (int (*)(void *, int))dlsym(library, "pam_acct_mgmt");
    int (*end)(void *, int) = (int (*)(void *, int))dlsym(library, "pam_end");
    if (start == NULL || authenticate == NULL || account == NULL || end == NULL)
        return -1;
    char *copy = strdup(password);
    if (copy == NULL)
        return -1;
    struct conversation conversation = {answer, copy};
    void *handle = NULL;
    int result = start(service, user, &conversation, &handle);
    if (result == success) {
        result = authenticate(handle, 0);
        if (result == success)
            result = account(handle, 0);
        end(handle, result);
    }
    explicit_bzero(copy, strlen(copy));
    free(copy);
    return result;
}
