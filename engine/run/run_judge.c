/* Owns what a run's samples are judged with: the features of its data's pictures, found among the
 * assets by the data set's name and looked for once. */
#include "engine/distill/params.h"
#include "engine/run/run_parts.h"
#include <string.h>

bool run_features_file(const Run *run, char path[PATH_SIZE])
{
    char name[128];
    snprintf(name, sizeof name, "%.80s-features.safetensors",
             config_text(&run->config, "data.name"));
    lab_find_asset(name, path);
    return file_exists(path) || file_exists(features_kept(&run->lab.data, path));
}

static void find_features(Run *run)
{
    const Dataset *data = &run->lab.data;
    char path[PATH_SIZE];
    run->features_sought = true;
    run->features_why = (Error){""};
    if (dataset_is_points(data))
        return;
    if (!run_features_file(run, path)) {
        fail(&run->features_why, STATUS_BAD_INPUT,
             "there is no feature network for these pictures; ddil features with the preset makes "
             "one");
        return;
    }
    features_open(&run->features, path, data, run->lab.crew, &run->features_why);
}

/* Each seed has held-out rows of its own where they are drawn from a law, so that an interval over
 * seeds knows the reference's chance too. Seed 1 begins at 0. */
static long reference_of(uint64_t seed)
{
    enum { SEEDS = 1 << 30, ROWS = 1 << 15 };
    return (long)((seed + SEEDS - 1) % SEEDS) * ROWS;
}

Judge run_judge(Run *run, Arena *scratch)
{
    if (!run->features_sought)
        find_features(run);
    return (Judge){&run->lab.data, run->features, run->lab.crew, scratch,
                   reference_of(run->lab.seed)};
}

const char *run_features_missing(const Run *run) { return run->features_why.text; }
