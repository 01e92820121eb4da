/* Owns the constant tables the engine shows: presets found and parameters. */
#include "engine/base/file.h"
#include "engine/base/param_value.h"
#include "engine/base/student.h"
#include "engine/distill/params.h"
#include "engine/engine.h"
#include "engine/run/run.h"
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_AS_ONE = 64 };

/* ---- Presets ---- */

typedef struct Presets {
    PresetInfo *preset;
    int n, room;
} Presets;

/* One more line of the comment: lines of a paragraph run on, an empty one begins the next. */
static void add_comment(char *comment, size_t size, const char *text)
{
    size_t used = strlen(comment);
    const char *between = used > 0 && comment[used - 1] != '\n' ? " " : "";
    if (!*text && used > 0)
        snprintf(comment + used, size - used, "\n");
    else
        snprintf(comment + used, size - used, "%s%s", between, text);
}

/* The first comment line is the title; those up to the first section are the comment. */
static void read_comment(PresetInfo *info)
{
    char line[512] = "";
    FILE *file = fopen(info->path, "re");
    while (file && fgets(line, sizeof line, file) && line[0] != '[') {
        line[strcspn(line, "\r\n")] = 0;
        const char *text = line + 1 + strspn(line + 1, " #;");
        if (line[0] != '#' && line[0] != ';')
            continue;
        if (!info->title[0])
            snprintf(info->title, sizeof info->title, "%s", text);
        else
            add_comment(info->comment, sizeof info->comment, text);
    }
    if (file)
        fclose(file);
}

static bool known(const Presets *presets, const char *name)
{
    for (int i = 0; i < presets->n; i++)
        if (strcmp(presets->preset[i].name, name) == 0)
            return true;
    return false;
}

/* The first folder that has a name wins. */
static void add_preset(Presets *presets, const char *folder, const char *file)
{
    size_t length = strlen(file);
    PresetInfo info = {.name = ""};
    if (length < 5 || length >= NAME_SIZE || strcmp(file + length - 4, ".ini") != 0)
        return;
    snprintf(info.name, sizeof info.name, "%.*s", (int)(length - 4), file);
    if (known(presets, info.name) ||
        snprintf(info.path, sizeof info.path, "%s/%s", folder, file) >= (int)sizeof info.path)
        return;
    read_comment(&info);
    if (presets->n == presets->room) {
        presets->room = presets->room ? 2 * presets->room : 32;
        presets->preset = realloc(presets->preset, sizeof info * (size_t)presets->room);
        need(presets->preset);
    }
    presets->preset[presets->n++] = info;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const PresetInfo *)a)->name, ((const PresetInfo *)b)->name);
}

int engine_presets(PresetInfo **found)
{
    Presets presets = {0};
    char folder[PATH_SIZE];
    for (int i = 0; lab_data_folder(i, "presets", folder); i++) {
        DIR *stream = opendir(folder);
        for (struct dirent *entry; stream && (entry = readdir(stream));)
            add_preset(&presets, folder, entry->d_name);
        if (stream)
            closedir(stream);
    }
    if (presets.n)
        qsort(presets.preset, (size_t)presets.n, sizeof *presets.preset, by_name);
    *found = presets.preset;
    return presets.n;
}

const char *engine_class_name(const char *data, int label) { return lab_class_name(data, label); }

/* ---- Parameters ---- */

bool engine_param(int index, ParamInfoView *view)
{
    const char *method;
    const ParamRow *row = lab_param_row(index, &method);
    if (!row)
        return false;
    *view = (ParamInfoView){.section = row->section,
                            .key = row->key,
                            .help = row->help,
                            .unit = row->unit ? row->unit : "",
                            .fallback = row->fallback,
                            .choices = row->choices,
                            .low = row->low,
                            .high = row->high,
                            .applies = row->applies,
                            .type = row->type,
                            .method = method};
    return true;
}

bool engine_preset_param(const char *preset, int index, char *text, size_t size)
{
    ParamInfoView info;
    Config config;
    char name[96];
    *text = 0;
    lab_config_init(&config);
    if (!engine_param(index, &info) || lab_config_preset(&config, preset, NULL))
        return false;
    snprintf(name, sizeof name, "%s.%s", info.section, info.key);
    snprintf(text, size, "%s", config_value(&config, config_find(&config, name)));
    return true;
}

int engine_params(ParamInfoView **params)
{
    ParamInfoView one;
    int n = 0;
    while (engine_param(n, &one))
        n++;
    *params = calloc((size_t)n, sizeof **params);
    need(*params);
    for (int i = 0; i < n; i++)
        engine_param(i, &(*params)[i]);
    return n;
}

bool run_param_row(const RunView *run, int index, ParamInfoView *param)
{
    if (!run->info)
        return engine_param(index, param);
    if (index < 0 || index >= run->params)
        return false;
    *param = run->info[index];
    return true;
}

int run_param_find(const RunView *run, const char *section, const char *key)
{
    ParamInfoView param;
    for (int i = 0; run_param_row(run, i, &param); i++)
        if (strcmp(param.section, section) == 0 && strcmp(param.key, key) == 0)
            return i;
    return -1;
}

int run_params(const RunView *run, ParamInfoView **params)
{
    if (!run->info)
        return engine_params(params);
    *params = calloc((size_t)run->params, sizeof **params);
    need(*params);
    memcpy(*params, run->info, (size_t)run->params * sizeof **params);
    return run->params;
}

static Status check(const ParamInfoView *info, const char *text, char canonical[64], Error *error)
{
    const ParamRow row = {.section = info->section,
                          .key = info->key,
                          .type = info->type,
                          .low = info->low,
                          .high = info->high,
                          .choices = info->choices};
    ParamParsed value;
    ParamReason reason;
    if (!param_value_parse(&row, text, &value, &reason))
        return fail(error, STATUS_BAD_INPUT, "%s.%s = %s: %s", row.section, row.key, text,
                    reason.text);
    snprintf(canonical, 64, "%.63s", value.text);
    return STATUS_OK;
}

Status engine_param_check(int index, const char *text, char canonical[64], Error *error)
{
    ParamInfoView info;
    must(engine_param(index, &info));
    return check(&info, text, canonical, error);
}

Status run_param_check(const RunView *run, int index, const char *text, char canonical[64],
                       Error *error)
{
    ParamInfoView info;
    must(run_param_row(run, index, &info));
    return check(&info, text, canonical, error);
}

bool engine_more_is_better(const char *metric) { return eval_more_is_better(metric); }
/* ---- Frontiers ---- */

static const TradeView *trade_like(const RunView *run, const TradeView *one)
{
    for (int i = 0; i < run->trades; i++)
        if (run->trade[i].teacher == one->teacher && run->trade[i].k == one->k &&
            fabs(run->trade[i].guidance - one->guidance) < 1e-9)
            return &run->trade[i];
    return NULL;
}

static void average(const RunView *const *run, int n, TradeView *mean)
{
    double quality[RUNS_AS_ONE], diversity[RUNS_AS_ONE];
    int found = 0;
    for (int i = 0; i < n && found < RUNS_AS_ONE; i++) {
        const TradeView *trade = trade_like(run[i], mean);
        if (!trade)
            continue;
        quality[found] = trade->quality;
        diversity[found++] = trade->diversity;
    }
    Sample q = student_sample(found, quality), d = student_sample(found, diversity);
    mean->quality = q.mean;
    mean->quality_low = q.mean - q.reach;
    mean->quality_high = q.mean + q.reach;
    mean->diversity = d.mean;
    mean->diversity_low = d.mean - d.reach;
    mean->diversity_high = d.mean + d.reach;
}

int run_trades(const RunView *const *run, int n, TradeView mean[TRADES_MAX])
{
    int most = 0; /* the run that has come farthest says which samplers there are */
    for (int i = 0; i < n; i++)
        most = run[i]->trades > run[most]->trades ? i : most;
    for (int i = 0; n > 0 && i < run[most]->trades; i++) {
        mean[i] = run[most]->trade[i];
        if (n > 1)
            average(run, n, &mean[i]);
    }
    return n > 0 ? run[most]->trades : 0;
}
