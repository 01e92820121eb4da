#!/bin/bash
# A folder of pictures of one's own: one command trains a teacher, another its features, a third
# distils; pictures that change in between are noticed.
. "$(dirname "$0")/tap.sh"
