#!/bin/sh
# A voice that never answers, for espeak.rs.
exec sleep 600
