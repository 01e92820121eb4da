/* Classes that have names instead of numbers. */
#ifndef DDIL_CLASSES_H
#define DDIL_CLASSES_H

typedef struct Classes {
    int n;
    const char **name; /* in their order: by number where all are whole numbers, else by byte */
} Classes;

/* The different ones of n words, which are borrowed; label[k] gets the number of word[k]. An empty
 * word is a class too, and no number. */
void classes_open(Classes *classes, int n, const char *const *word, int *label);
void classes_close(Classes *classes);

#endif
