/* Owns the files that a run stands on: networks it was given, features, data. Their checksums are
 * kept in the run's folder (files.csv: role, crc32, name), and copies of the networks, so that a
 * file that is moved stops nothing and one that changes goes by no longer unseen. */
#include "engine/distill/params.h"
#include "engine/run/run_parts.h"
#include "engine/store/csv.h"
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

typedef enum Role { ROLE_TEACHER, ROLE_EXPERT, ROLE_FEATURES, ROLE_DATA, ROLES } Role;

/* param: names the file, NULL: the run finds it itself. copy: its name in the run's folder. */
static const struct {
    const char *name, *param, *copy;
} roles[ROLES] = {
    [ROLE_TEACHER] = {"teacher", "teacher.file", "teacher.safetensors"},
    [ROLE_EXPERT] = {"expert", "source.expert", "expert.safetensors"},
    [ROLE_FEATURES] = {"features", NULL, NULL},
    [ROLE_DATA] = {"data", NULL, NULL},
};

enum { SUM_SIZE = 16 };

/* ---- Checksums ---- */

static Status file_sum(const char *path, char sum[SUM_SIZE], Error *error)
{
    enum { PIECE = 1 << 16 };
    static const size_t all = PIECE;
    OldFile file;
    size_t got = all;
    unsigned long crc = 0;
    Status status = oldfile_open(&file, path, error);
    if (status)
        return status;
    char *piece = need(malloc(PIECE));
    while (!status && got == all) {
        status = oldfile_some(&file, piece, PIECE, &got, error);
        if (!status)
            crc = crc32_z(crc, (const Bytef *)piece, got);
    }
    free(piece);
    oldfile_close(&file);
    snprintf(sum, SUM_SIZE, "%08lx", crc);
    return status;
}

/* Does the run stand on such a file? `path` gets where it is, for data its name. */
static bool stands_on(const Run *run, Role role, char path[PATH_SIZE])
{
    const Lab *lab = &run->lab;
    const char *data = config_text(&run->config, "data.name");
    switch (role) {
    case ROLE_TEACHER:
    case ROLE_EXPERT:
        lab_find_asset(config_text(&run->config, roles[role].param), path);
        return role == ROLE_TEACHER ? lab->teacher.weights : lab->expert.denoiser.weights;
    case ROLE_FEATURES: return !dataset_is_points(&lab->data) && run_features_file(run, path);
    case ROLE_DATA: snprintf(path, PATH_SIZE, "%s", data); return true;
    case ROLES: break;
    }
    return false;
}

static Status sum_of(const Run *run, Role role, const char *path, char sum[SUM_SIZE], Error *error)
{
    if (role != ROLE_DATA)
        return file_sum(path, sum, error);
    snprintf(sum, SUM_SIZE, "%08lx", dataset_checksum(&run->lab.data));
    return STATUS_OK;
}

/* ---- Keeping ---- */

static Status copy_file(const char *from, const char *folder, const char *name, Error *error)
{
    static const size_t most = (size_t)1 << 30;
    char path[PATH_SIZE], *data;
    size_t size;
    Status status = file_read(from, most, &data, &size, error);
    if (status)
        return status;
    status = file_write(file_join(path, folder, name), data, size, error);
    free(data);
    return status;
}

Status run_inputs_keep(const Run *run, Error *error)
{
    NewFile file;
    char path[PATH_SIZE], sum[SUM_SIZE];
    Status status = newfile_in(&file, run->folder, "files.csv", error);
    if (status)
        return status;
    fputs("role,crc32,name\n", file.stream);
    for (Role role = 0; role < ROLES && !status; role++) {
        if (!stands_on(run, role, path))
            continue;
        status = sum_of(run, role, path, sum, error);
        if (!status && roles[role].copy)
            status = copy_file(path, run->folder, roles[role].copy, error);
        fprintf(file.stream, "%s,%s", roles[role].name, sum);
        fputc(',', file.stream);
        csv_put_text(file.stream, path);
        fputc('\n', file.stream);
    }
    if (!status)
        return newfile_commit(&file, error);
    newfile_abandon(&file);
    return status;
}

/* ---- Finding again ---- */

/* What was kept of a role; "" for none. */
static void kept_sum(const char *folder, Role role, char sum[SUM_SIZE])
{
    CsvReader reader;
    char path[PATH_SIZE];
    *sum = 0;
    if (csv_open(&reader, file_join(path, folder, "files.csv"), NULL))
        return;
    int name = csv_column(&reader, "role"), crc = csv_column(&reader, "crc32");
    while (name >= 0 && crc >= 0 && csv_next(&reader))
        if (!strcmp(reader.cell[name], roles[role].name))
            snprintf(sum, SUM_SIZE, "%s", reader.cell[crc]);
    csv_close(&reader);
}

/* Is the file that the configuration names there, and still what it was? */
static bool still_there(const char *path, const char *kept, bool same)
{
    char sum[SUM_SIZE];
    if (!file_exists(path))
        return false;
    return !same || !*kept || (file_sum(path, sum, NULL) == STATUS_OK && !strcmp(sum, kept));
}

int run_inputs_find(Config *config, const char *folder, bool same)
{
    int replaced = 0;
    for (Role role = 0; role < ROLES; role++) {
        char path[PATH_SIZE], own[PATH_SIZE], kept[SUM_SIZE], assignment[PATH_SIZE + 32];
        if (!roles[role].copy || !*config_text(config, roles[role].param))
            continue;
        lab_find_asset(config_text(config, roles[role].param), path);
        kept_sum(folder, role, kept);
        if (still_there(path, kept, same) || !file_exists(file_join(own, folder, roles[role].copy)))
            continue;
        snprintf(assignment, sizeof assignment, "%s=%s", roles[role].param, own);
        replaced += config_set(config, assignment, NULL) == STATUS_OK;
    }
    return replaced;
}

static Status refuse(Role role, const char *path, const char *const sums[2], Error *error)
{
    if (role == ROLE_DATA)
        return fail(error, STATUS_BAD_INPUT,
                    "data.name = %.60s: the data are no longer those the run began with (checksum "
                    "%s, was %s); bring the files back, or begin a new run",
                    path, sums[0], sums[1]);
    return fail(error, STATUS_BAD_INPUT,
                "%s: changed since the run began (checksum %s, was %s); bring it back%s", path,
                sums[0], sums[1],
                roles[role].copy ? ", or take it away: the run has a copy of its own; a fork takes "
                                   "that copy too, unless it names another file"
                                 : ", or take it away and the run is judged without features; a "
                                   "fork begins with what is there");
}

Status run_inputs_check(const Run *run, Error *error)
{
    for (Role role = 0; role < ROLES; role++) {
        char path[PATH_SIZE], sum[SUM_SIZE], kept[SUM_SIZE];
        kept_sum(run->folder, role, kept);
        if (!*kept || !stands_on(run, role, path))
            continue;
        Status status = sum_of(run, role, path, sum, error);
        if (status)
            return status;
        if (strcmp(sum, kept) != 0)
            return refuse(role, path, (const char *[]){sum, kept}, error);
    }
    return STATUS_OK;
}
