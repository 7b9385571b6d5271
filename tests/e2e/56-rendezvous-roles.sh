# SPDX-License-Identifier: BSD-2-Clause
# One client calls, and the other one is called where the controller says: the roles forward, track
# and reverse. It listens, and its answer makes the connection.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/rendezvous-lib.sh"
bed_enter 240 "$0"
rendezvous_bed

# broker ROLE VERSION-OF-1 VERSION-OF-CALLED
broker() {
        session role "$2" "$3" '' "\"expect\":\"$(with_port "$(outside 3 "$3")" 8000)\"" \
                "\"role\":\"$1\"" >$bed/session
        broker_start b1 --sessions $bed/session
}

for n in 1 2; do
        head -c 8388608 /dev/urandom >$bed/big$n
done

for pair in "4 4" "6 6" "4 6" "6 4"; do
        # shellcheck disable=SC2086
        set -- $pair
        listener "$2"
        broker merge "$1" "$2"
        call_limit=$patience patience=3
        control "with role merge nobody calls the other one, IPv$1 and IPv$2" joined "$1"
        patience=$call_limit
        broker_stop b1
        for role in forward track reverse; do
                broker $role "$1" "$2"
                joined "$1" || fail "$role, IPv$1 and IPv$2: $(cat $bed/call1.err)"
                listed b1 '.a.bytes_in > 8388608 and .b.bytes_in > 8388608' ||
                        fail "$(ask_of b1 list)"
                happens b1 '.event == "established"' || fail "no event: $(cat $bed/events.b1)"
                ok "$role, IPv$1 and IPv$2: 8 MiB each way"
                eventually 5 nobody_listens || fail "the listener stays"
                # Its host may still remember the connection before, and takes a second SYN then.
                outcome refused 0 3000 "$(at c1 "$tools/peer" connect limit=4000 \
                        "$(calls 1 "$1")" 7001)" || fail "$role: nobody listens, and it is not told"
                ok "$role: who refuses is heard"
                broker_stop b1
                listener "$2"
        done
        kill $listener
        wait $listener || :
done
