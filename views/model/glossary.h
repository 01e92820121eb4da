/* What the words on the screen mean. Pure. */
#ifndef DDIL_GLOSSARY_H
#define DDIL_GLOSSARY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Term {
    const char *name;
    unsigned places; /* the views it stands in (views/model/keys.h) */
    const char *text;
} Term;

extern const Term terms[];
extern const int term_count;

enum { EXPLAINED_SIZE = 400 };
/* The n-th thing that `what` means: a term whose name holds it, a parameter, a command; "" means
 * all of the terms that stand in `place`. name and text get it; false: no more. A term named so
 * comes first. */
bool glossary_find(const char *what, unsigned place, int n, char name[64],
                   char text[EXPLAINED_SIZE]);

#endif
