#include "CPetrelContent.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char content[] = {
#embed "content.json"
};

const unsigned char *petrel_content(void) { return content; }
size_t petrel_content_size(void) { return sizeof content; }
