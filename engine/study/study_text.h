/* The text of studies and sweeps: lists, and sections whose lines are no configuration of their
 * own. Those are taken out and blanked, so that the rest is read as any configuration, with its
 * types, ranges, unknown keys and lines. */
#ifndef DDIL_STUDY_TEXT_H
#define DDIL_STUDY_TEXT_H

#include "engine/study/study.h"

/* Without the blanks around it, in place. */
char *study_trim(char *text);
/* Words between `mark`s into rows of `size` characters; -1 and `bad` when there are too many, or
 * one is empty, too long, or stands twice. */
int study_split(const char *text, char mark, int most, size_t size, char *out, char bad[64]);

/* Lines of sections that are taken out. */
typedef struct Lines {
    Study *study;
    int line; /* of the present one */
    bool taken;
    char section[64];
    /* Is a section of this name taken? Its header is: BAD_INPUT ends the reading. */
    Status (*begin)(struct Lines *lines, const char *section, bool *taken);
    /* A line key = value of it. */
    Status (*take)(struct Lines *lines, char *key, char *value);
    void *context;
    Error *error;
} Lines;
/* "FILE:LINE: what text" */
Status lines_bad(const Lines *lines, const char *what, const char *text);
/* Reads them all, and blanks them. [slurm] is always taken: its lines become study->slurm. */
Status lines_take(Lines *lines, char *text);

/* Opens `path`, or what is shipped under that name in presets/KIND: study->file, study->name, and
 * the text, which the caller frees. */
Status study_open(Study *study, const char *kind, const char *path, char **text, Error *error);
/* The metrics and the seeds of a list in `section`. */
Status study_take_lists(Study *study, const Config *config, const char *section, Error *error);
/* "FILE:LINE: what text", of a key of the configuration. */
Status study_bad_value(const Config *config, const char *key, const char *what, const char *text,
                       Error *error);

#endif
