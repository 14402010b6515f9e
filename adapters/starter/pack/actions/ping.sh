#!/bin/sh
# Three echo requests to a host. The host is an argument, never part of a command line.
case "$1" in
    "" | -* | *[!A-Za-z0-9.:_-]*)
        echo "\"$1\" is no name or address of a host" >&2
        exit 2
        ;;
esac
if ! command -v ping >/dev/null; then
    echo "The program ping is missing: install the package iputils-ping." >&2
    exit 127
fi
exec ping -c 3 -W 2 -- "$1"
