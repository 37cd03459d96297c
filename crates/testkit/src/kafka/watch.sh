# Runs a broker ("$@") for as long as standard input is open, and not a moment longer: however the test ends that
# holds the other end, the broker ends too. Each line of input is a signal for the broker; one that does not end it is
# said again when it was sent.
# $0 is the file for its output; its process id goes to standard output.
"$@" </dev/null >>"$0" 2>&1 &
pid=$!
trap : INT TERM HUP
echo "$pid"
while read -r signal; do
    kill -"$signal" "$pid"
    case $signal in
    TERM | KILL)
        wait "$pid"
        exit 0
        ;;
    *) echo "$signal" ;;
    esac
done
kill -KILL "$pid" 2>/dev/null
wait "$pid"
# Its data goes with it.
rm -rf -- "${0%/*}"
