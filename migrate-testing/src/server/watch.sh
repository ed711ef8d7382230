# Runs a private server, and stops it when nobody has used it for a while: every process that uses it holds a shared
# lock, which the operating system frees however the process ends.
#   sh -c … DIR LINGER FLOCK SIGNAL SERVER ARGUMENT...
dir=$1 linger=$2 flock=$3 signal=$4
shift 4
echo $$ >"$dir/server/watcher"
"$@" </dev/null >>"$dir/server/log" 2>&1 &
pid=$!
echo "$pid" >"$dir/server/pid"
quiet=0
while kill -0 "$pid" 2>/dev/null; do
  sleep 1
  if "$flock" --nonblock --exclusive "$dir/users" true; then quiet=$((quiet + 1)); else quiet=0; fi
  if [ "$quiet" -ge "$linger" ]; then
    # Who comes now waits until the server is down, and starts it again.
    exec 9<"$dir/lock"
    if "$flock" --nonblock 9 && "$flock" --nonblock --exclusive "$dir/users" true; then
      rm -f "$dir/server/ready"
      kill "-$signal" "$pid"
      wait "$pid" && rm -f "$dir/server/unclean"
      exit
    fi
    exec 9<&-
    quiet=0
  fi
done
rm -f "$dir/server/ready"
