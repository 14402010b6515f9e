#include "CPetrelContent.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

const unsigned char petrel_content[] = {
#embed "content.json"
};
const size_t petrel_content_size = sizeof petrel_content;
