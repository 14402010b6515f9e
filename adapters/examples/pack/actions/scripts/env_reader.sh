#!/bin/sh
printf '{"pack": "%s", "place": "%s", "arguments": "%s"}\n' "$ST2_ACTION_PACK_NAME" "$EXAMPLE_PLACE" "$*"
