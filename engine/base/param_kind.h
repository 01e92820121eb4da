/* What kinds of parameters there are, and when a changed value is used: the words of both, for
 * whoever shows them. */
#ifndef DDIL_PARAM_KIND_H
#define DDIL_PARAM_KIND_H

typedef enum ParamType {
    PARAM_INT,
    PARAM_REAL,
    PARAM_BOOL,    /* yes or no; true/false, on/off, 1/0 are understood */
    PARAM_CHOICE,  /* one of `choices`, words separated by | */
    PARAM_LETTERS, /* any of the letters in `choices`, each at most once; may be empty */
    PARAM_LIST,    /* comma-separated whole numbers in [low, high]; may be empty */
    PARAM_TEXT,    /* anything; may be empty */
} ParamType;
static const char *const PARAM_TYPE_WORDS[] = {
    [PARAM_INT] = "int",       [PARAM_REAL] = "real",       [PARAM_BOOL] = "bool",
    [PARAM_CHOICE] = "choice", [PARAM_LETTERS] = "letters", [PARAM_LIST] = "list",
    [PARAM_TEXT] = "text",
};

typedef enum ParamApplies {
    APPLIES_NEXT_STEP,
    APPLIES_NEXT_ROUND,
    APPLIES_FORK, /* only in a new run */
} ParamApplies;
static const char *const PARAM_APPLIES_WORDS[] = {
    [APPLIES_NEXT_STEP] = "next step",
    [APPLIES_NEXT_ROUND] = "next round",
    [APPLIES_FORK] = "fork only",
};

#endif
