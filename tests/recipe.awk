# Follows the recipes of assets/doc/developing.md in the tree at TREE: blocks of C whose first line names a file are that
# file, "after WORDS" goes behind the first line that holds these words, "instead of WORDS" takes its place.
#   awk -v tree=TREE -f recipe.awk developing.md      status 1, and a line for each, when a place was not found

function complain(text) {
    print text
    bad = 1
}

function put_file(path, text) {
    printf "%s", text >(tree "/" path)
    close(tree "/" path)
}

function edit(path, words, how, text,   line, out, done) {
    while ((getline line <(tree "/" path)) > 0)
        if (!done && index(line, words)) {
            done = 1
            out = out (how == "after" ? line "\n" text : text)
        } else
            out = out line "\n"
    close(tree "/" path)
    if (!done)
        complain("recipe: " path " has no line with: " words)
    else
        put_file(path, out)
}

function follow(head, text,   path, how, at) {
    sub(/^\/\* /, "", head)
    sub(/ \*\/$/, "", head)
    if (head !~ /,/) {
        put_file(head, text)
        return
    }
    path = head
    sub(/,.*/, "", path)
    at = head
    sub(/^[^,]*, /, "", at)
    how = at ~ /^after / ? "after" : "instead of"
    edit(path, substr(at, length(how) + 2), how, text)
}

/^```c$/ { inside = 1; head = ""; text = ""; next }
/^```$/ { if (inside) follow(head, text); inside = 0; next }
inside && head == "" { head = $0; next }
inside { text = text $0 "\n" }
END { exit bad }
