# Becomes PostgreSQL (the arguments after the first) and leaves a guard behind that stops it
# when the process holding the other end of standard input is gone, however it ended.
# A line on standard input dismisses the guard. $1 names a folder to remove afterwards, or is empty.
# $$ stays this shell's process id in the guard, and that is PostgreSQL's after the exec.
exec 3<&0 0</dev/null
(
    (
        trap '' HUP INT QUIT TERM
        read -r line <&3 && exit
        for signal in INT QUIT KILL; do
            kill -s "$signal" $$ || break
            seconds=0
            # The lock file is the last that a server removes; a process that nobody reaps keeps its id.
            while [ "$seconds" -lt 20 ] && [ -e cluster/postmaster.pid ] && kill -s 0 $$; do
                sleep 1
                seconds=$((seconds + 1))
            done
        done
        [ -z "$1" ] || rm -rf -- "$1"
    ) >/dev/null 2>&1 &
)
shift
exec 3<&- "$@"
