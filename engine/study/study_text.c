/* Owns the text of studies and sweeps. See study_text.h. */
#include "engine/study/study_text.h"

#include "engine/base/file.h"
#include "engine/base/seeds.h"
#include "engine/distill/params.h"
#include "engine/store/folder.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_LIMIT = 1 << 18 };

/* ---- Lists ---- */

char *study_trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t n = strlen(text);
    while (n > 0 && strchr(" \t\r", text[n - 1]))
        text[--n] = 0;
    return text;
}

int study_split(const char *text, char mark, int most, size_t size, char *out, char bad[64])
{
    char copy[512], *rest = copy, marks[2] = {mark, 0};
    int n = 0;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word; (word = strsep(&rest, marks));) {
        word = study_trim(word);
        snprintf(bad, 64, "%.60s", word);
        for (int i = 0; i < n; i++)
            if (strcmp(out + (size_t)i * size, word) == 0)
                return -1;
        if (n == most || !*word || strlen(word) >= size)
            return -1;
        strcpy(out + (size_t)n++ * size, word);
    }
    return n;
}

/* ---- Sections ---- */

Status lines_bad(const Lines *lines, const char *what, const char *text)
{
    return fail(lines->error, STATUS_BAD_INPUT, "%s:%d: %s%.80s", lines->study->file, lines->line,
                what, text);
}

/* An option of sbatch's. Whatever it is, Slurm says what is wrong with it. */
static Status take_slurm(const Lines *lines, const char *key, const char *value)
{
    Study *study = lines->study;
    if (study->slurms == STUDY_SLURMS)
        return lines_bad(lines, "more options than a job may have, at ", key);
    char *option = study->slurm[study->slurms++];
    int n = snprintf(option, sizeof study->slurm[0], "--%s%s%s", key, *value ? "=" : "", value);
    if (n >= (int)sizeof study->slurm[0] ||
        strspn(key, "abcdefghijklmnopqrstuvwxyz-") < strlen(key))
        return lines_bad(lines, "expected an option of sbatch's, as time = 1:00:00, not ", key);
    return STATUS_OK;
}

static Status take_header(Lines *lines, char *text)
{
    char *end = strchr(text, ']');
    if (!end)
        return lines_bad(lines, "a section's name ends in a ]: ", text);
    snprintf(lines->section, sizeof lines->section, "%.*s", (int)(end - text - 1), text + 1);
    lines->taken = strcmp(lines->section, "slurm") == 0;
    return lines->taken ? STATUS_OK : lines->begin(lines, lines->section, &lines->taken);
}

static Status take_pair(Lines *lines, char *text)
{
    char *equals = strchr(text, '=');
    if (!equals)
        return lines_bad(lines, "expected section.key = value, not ", text);
    *equals = 0;
    char *key = study_trim(text), *value = study_trim(equals + 1);
    return strcmp(lines->section, "slurm") == 0 ? take_slurm(lines, key, value)
                                                : lines->take(lines, key, value);
}

static Status take_line(Lines *lines, char *line)
{
    char copy[512];
    Status status = STATUS_OK;
    snprintf(copy, sizeof copy, "%s", line);
    char *text = study_trim(copy);
    if (text[0] == '[')
        status = take_header(lines, text);
    else if (lines->taken && text[0] && text[0] != '#' && text[0] != ';')
        status = take_pair(lines, text);
    if (lines->taken)
        memset(line, ' ', strlen(line));
    return status;
}

Status lines_take(Lines *lines, char *text)
{
    Status status = STATUS_OK;
    for (char *line = text, *end; *line && !status; line = end) {
        end = line + strcspn(line, "\n");
        char ended = *end;
        *end = 0;
        lines->line++;
        status = take_line(lines, line);
        *end = ended;
        end += ended == '\n';
    }
    return status;
}

/* ---- The file ---- */

/* A folder is none: results may lie in one that is called as the study is. */
static bool is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

/* The file itself, or the one of that name that is shipped. */
static void find_file(Study *study, const char *kind, const char *path)
{
    char folder[1024], name[300];
    snprintf(study->file, sizeof study->file, "%s", path);
    snprintf(name, sizeof name, "%.40s/%.200s.ini", kind, path);
    for (int i = 0; !is_file(study->file) && lab_data_folder(i, "presets", folder); i++) {
        char found[PATH_SIZE];
        file_join(found, folder, name);
        if (is_file(found) && strlen(found) < sizeof study->file)
            strcpy(study->file, found);
    }
}

/* "paper-table": of the file. */
static void take_name(Study *study)
{
    const char *slash = strrchr(study->file, '/'), *base = slash ? slash + 1 : study->file;
    int n = (int)strcspn(base, ".");
    snprintf(study->name, sizeof study->name, "%.*s", n, base);
}

Status study_open(Study *study, const char *kind, const char *path, char **text, Error *error)
{
    size_t size;
    memset(study, 0, sizeof *study);
    study->budget_arm = -1;
    find_file(study, kind, path);
    take_name(study);
    Status status = folder_check_name(study->name, error);
    if (!status && access(study->file, F_OK) != 0)
        return fail(error, STATUS_BAD_INPUT,
                    "%s: no such file, and none of that name in presets/%s", path, kind);
    return status ? status : file_read(study->file, FILE_LIMIT, text, &size, error);
}

/* ---- What studies and sweeps have in common ---- */

Status study_bad_value(const Config *config, const char *key, const char *what, const char *text,
                       Error *error)
{
    char where[300];
    config_where(config, key, where, sizeof where);
    return fail(error, STATUS_BAD_INPUT, "%s: %s%.200s", where, what, text);
}

Status study_take_lists(Study *study, const Config *config, const char *section, Error *error)
{
    char bad[64], key[64];
    Error why;
    snprintf(key, sizeof key, "%s.metrics", section);
    study->metrics = study_split(config_text(config, key), ',', STUDY_METRICS,
                                 sizeof study->metric[0], study->metric[0], bad);
    if (study->metrics < 0)
        return study_bad_value(config, key,
                               "metrics are names between commas, each once, at most 24; not ", bad,
                               error);
    for (int i = 0; i < study->metrics; i++)
        if (!cell_name_known(study->metric[i]))
            return study_bad_value(config, key,
                                   "no such metric (ratio.I, paired.I, shift, sw2, modes, "
                                   "frechet, coverage, ...): ",
                                   study->metric[i], error);
    snprintf(key, sizeof key, "%s.seeds", section);
    if (seeds_read(config_text(config, key), STUDY_SEEDS, study->seed, &study->seeds, &why))
        return study_bad_value(config, key, "", why.text, error);
    return STATUS_OK;
}
