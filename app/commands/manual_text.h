/* The prose of the manual page: what tables of keys and options do not say. */
#ifndef DDIL_MANUAL_TEXT_H
#define DDIL_MANUAL_TEXT_H

typedef struct ManualText {
    const char *heading; /* NULL: a further paragraph */
    const char *text;
} ManualText;

/* Up to a row without text. */
extern const ManualText manual_texts[];

#endif
