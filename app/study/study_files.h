/* What commands have in common that read a file, make the runs it asks for, and write files of what
 * came of them: table, sweep. */
#ifndef DDIL_STUDY_FILES_H
#define DDIL_STUDY_FILES_H

#include "app/study/study_cells.h"
#include <stdio.h>

typedef Status StudyReader(Study *study, const char *path, Error *error);
/* The command whole: the file that the first argument names, the folder of --out (made when
 * missing), the runs (table_make), then use(NULL, table). */
Status study_make(const Options *options, StudyReader *read, TableUse *use, Error *error);

/* NAME and an ending such as ".md" in --out's folder, or in that of the runs. */
const char *study_path(const Table *table, const char *ending, char path[PATH_SIZE]);
/* Writes that file whole, or leaves what was there, and says where it stands. */
typedef void StudyWriter(const void *context, FILE *out);
Status study_write(const Table *table, const char *ending, StudyWriter *writer, const void *context,
                   Error *error);
/* Says on standard error where a file stands, unless --quiet. */
void study_tell(const Table *table, const char *path);

#endif
