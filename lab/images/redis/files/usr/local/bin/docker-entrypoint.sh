#!/bin/sh
# Options alone mean the server; and a server in a container is reached from other containers.
case "$1" in
-* | *.conf) set -- redis-server "$@" ;;
esac
[ "$1" = redis-server ] && set -- "$@" --protected-mode no
exec "$@"
