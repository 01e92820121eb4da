# Circles of a directed graph. Reads lines "from to tie", prints one line for each set of nodes that reach one another:
# "A -> B (tie), B -> A (tie)" is a shortest circle through it, then how many nodes hang together so.

# What `start` reaches, in seen[]; came[] leads back. The length of the shortest way round, or 0.
function flood(start, seen, came,   queue, head, tail, node, next_one, round) {
    split("", seen)
    split("", came)
    queue[tail++] = start
    round = 0
    while (head < tail) {
        node = queue[head++]
        for (next_one in to_node) {
            if (!((node, next_one) in tie))
                continue
            if (next_one == start && !round) {
                round = 1
                came[start] = node
            }
            if (!(next_one in seen)) {
                seen[next_one] = 1
                if (next_one != start) {
                    came[next_one] = node
                    queue[tail++] = next_one
                }
            }
        }
    }
    return round
}

# The way round through came[], as text; its length in way_length.
function way_round(start, came,   node, text) {
    node = start
    way_length = 0
    do {
        text = came[node] " -> " node " (" tie[came[node], node] ")" (text ? ", " text : "")
        node = came[node]
        way_length++
    } while (node != start)
    return text
}

# Takes away what nothing leads to or what leads nowhere, until only circles and what lies between them is left.
function peel(   changed, node, a, pair, into, out) {
    do {
        changed = 0
        split("", into)
        split("", out)
        for (a in tie) {
            split(a, pair, SUBSEP)
            out[pair[1]] = into[pair[2]] = 1
        }
        for (a in tie) {
            split(a, pair, SUBSEP)
            if (!(pair[1] in into) || !(pair[2] in out)) {
                delete tie[a]
                changed = 1
            }
        }
    } while (changed)
    split("", to_node)
    for (a in tie) {
        split(a, pair, SUBSEP)
        to_node[pair[1]] = to_node[pair[2]] = 1
    }
}

NF >= 3 && $1 != $2 && !(($1, $2) in tie) { tie[$1, $2] = $3 }

END {
    peel()
    for (node in to_node)
        if (flood(node, seen, came)) {
            text = way_round(node, came)
            n = 0
            name = ""
            for (other in seen)
                if (flood(other, back, unused) && node in back) {
                    n++
                    if (name == "" || other < name)
                        name = other
                }
            if (!(name in best) || way_length < length_of[name] ||
                (way_length == length_of[name] && text < best[name])) {
                best[name] = text
                length_of[name] = way_length
                size_of[name] = n
            }
        }
    for (name in best)
        print "circle: " best[name] (size_of[name] > length_of[name] ? "; " size_of[name] " hang together so" : "")
}
