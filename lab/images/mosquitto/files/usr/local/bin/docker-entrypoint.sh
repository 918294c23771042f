#!/bin/sh
# A fresh volume belongs to root, and the broker gives root up before it opens its store.
mkdir -p /mosquitto/data /mosquitto/log
chown -R mosquitto:mosquitto /mosquitto/data /mosquitto/log
exec "$@"
