# SPDX-License-Identifier: BSD-2-Clause
# Reads lines SERVER CLIENT FAMILY WAY RUN MODE WORD PORT MS ..., two MODEs of each RUN; prints the
# median ratio split / plain of each cell. Fails when a cell is missing, above 2, or the median of
# all above 1.3.

function median(list, n,    i, j, x) {
        for (i = 2; i <= n; i++) {
                x = list[i]
                for (j = i - 1; j >= 1 && list[j] > x; j--) list[j + 1] = list[j]
                list[j + 1] = x
        }
        return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

{ ms[$1 " " $2 " " $3 " " $4 " " $5 " " $6] = $9 }

# Of a cell; -1 when a run is missing.
function ratio_of(cell,    run, n, list, one) {
        for (run = 1; run <= 5; run++) {
                one = cell " " run " "
                if (!(one "split" in ms) || !(one "plain" in ms)) return -1
                list[++n] = ms[one "split"] / ms[one "plain"]
        }
        return median(list, n)
}

END {
        servers = split(settings, name, " ")
        families = split("IPv4 IPv6", family, " ")
        ways = split("symmetric asymmetric", way, " ")
        printf "%-9s %-16s", "server", "client:"
        for (c = 1; c <= servers; c++) printf " %8s", name[c]
        print ""
        for (s = 1; s <= servers; s++)
                for (f = 1; f <= families; f++)
                        for (w = 1; w <= ways; w++) {
                                printf "%-9s %-4s %-11s", name[s], family[f], way[w]
                                for (c = 1; c <= servers; c++) {
                                        r = ratio_of(name[s] " " name[c] " " family[f] " " way[w])
                                        printf " %8.2f", r
                                        all[++cells] = r
                                        if (r < 0) missing++
                                        if (r > 1.3) slow++
                                        if (r > 2) too_slow++
                                        if (r > worst) worst = r
                                }
                                print ""
                        }
        m = median(all, cells)
        printf "%d cells, %d not measured; median %.2f (1.3 at most), worst %.2f (2 at most);" \
                " %d above 1.3, %d above 2\n",
                cells, missing, m, worst, slow, too_slow
        exit missing > 0 || m > 1.3 || too_slow > 0
}
