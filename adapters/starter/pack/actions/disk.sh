#!/bin/sh
# How full the disk below a folder is. The folder is an argument, never part of a command line.
exec df -h -- "$1"
