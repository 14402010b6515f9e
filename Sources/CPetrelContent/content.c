#include "CPetrelContent.h"
