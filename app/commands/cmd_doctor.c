/* Owns doctor: what this machine can do for the program, and what to do about what is
 * missing. */
#include "app/base/doctor_lines.h"
#include "app/commands/commands.h"
#include "app/commands/doctor_terminal.h"
#include "engine/base/file.h"
#include "engine/bench/machine.h"
#include "engine/data/dataset_open.h"
#include "engine/distill/params.h"
#include "engine/ranks/ranks.h"
#include <stdlib.h>
#include <string.h>

/* ---- Machine ---- */

static void say_machine(void)
{
    Machine machine;
    machine_describe(&machine);
    doctor_say(true, "cpu", "%s, %d cores usable", machine.cpu, machine.cores);
    bool wide = strcmp(machine.simd, "portable") != 0;
    doctor_say(wide, "simd", "%s", machine.simd);
    if (!wide)
        doctor_remedy("everything works; a CPU with AVX2 would be several times faster");
    doctor_say(true, "blas", "%s", machine.blas);
    char library[64];
    doctor_say(true, "mpi", "%s",
               *ranks_library(library) ? library : "built without; make MPI=1 builds with it");
}

/* ---- Files ---- */

static void data_set(void)
{
    Arena arena;
    Dataset data;
    Error error;
    DatasetOptions options = {.name = "fashion", .conditional = -1, .seed = 1};
    arena_init(&arena, (size_t)4 << 30);
    Status status = dataset_open(&data, &options, &arena, &error);
    if (status)
        doctor_say(false, "fashion", "%s", error.text);
    else
        doctor_say(true, "fashion", "Fashion-MNIST: %d training and %d held-out pictures", data.n,
                   data.n_test);
    if (status)
        doctor_remedy("only the fashion-* presets need it: make deps, or apt install "
                      "dataset-fashion-mnist");
    arena_done(&arena);
}

/* Is a file that a preset names there, in the working folder or among the assets? */
static bool asset_found(const char *file)
{
    char folder[1024], path[2048];
    if (file_exists(file))
        return true;
    for (int i = 0; lab_data_folder(i, "assets", folder); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, file);
        if (file_exists(path))
            return true;
    }
    return false;
}

/* Reads a preset as ddil run would. Returns whether it is usable, and says why not. */
static bool preset_usable(const PresetInfo *preset)
{
    Config config;
    Error error;
    lab_config_init(&config);
    Status status = lab_config_preset(&config, preset->path, &error);
    if (!status)
        status = lab_config_check(&config, &error);
    if (status) {
        doctor_say(false, "preset", "%s", error.text);
        return false;
    }
    const char *file = config_text(&config, "teacher.file");
    if (!*file || asset_found(file))
        return true;
    doctor_say(false, "preset", "%s: its teacher %s is not there", preset->name, file);
    doctor_remedy("make teachers trains it, or set teacher.file");
    return false;
}

static void presets(void)
{
    PresetInfo *preset;
    int n = engine_presets(&preset), usable = 0;
    for (int i = 0; i < n; i++)
        usable += preset_usable(&preset[i]);
    doctor_say(n > 0 && usable == n, "presets", "%d found, %d usable", n, usable);
    if (n == 0)
        doctor_remedy("run from the source folder, or make install");
    free(preset);
}

static void runs_folder(const char *runs)
{
    char path[PATH_SIZE];
    Error error;
    if (!file_exists(runs)) {
        doctor_say(true, "runs", "%s does not exist yet; the first run makes it", runs);
        return;
    }
    Status status = check_writable(file_join(path, runs, "doctor"), &error);
    doctor_say(!status, "runs", "%s%s%s", runs, status ? ": " : " can be written",
               status ? error.text : "");
    if (status)
        doctor_remedy("name another with --runs DIR or $DDIL_RUNS");
}

Status cmd_doctor(const Options *options, Error *error)
{
    (void)error;
    printf("    %-10s ddil %s\n", "program", DDIL_VERSION);
    say_machine();
    doctor_terminal();
    data_set();
    presets();
    runs_folder(options->runs);
    return STATUS_OK;
}
