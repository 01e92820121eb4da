/* Owns doctor: what this machine can do for the program, and what to do about what is
 * missing. */
#include "app/commands.h"
#include "app/doctor.h"
#include "engine/base/file.h"
#include "engine/distill/params.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Of OpenBLAS; declared here because only kernels may include cblas.h. */
extern char *openblas_get_config(void);
extern char *openblas_get_corename(void);

void doctor_say(bool good, const char *what, const char *format, ...)
{
    va_list arguments;
    printf("%s %-10s ", good ? "ok " : "-- ", what);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

void doctor_remedy(const char *text)
{
    printf("               -> %s\n", text);
}

/* ---- Machine
 * -----------------------------------------------------------------------------------------------
 */

static void cpu_name(char *text, size_t size)
{
    char line[256];
    snprintf(text, size, "unknown model");
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(text, size, "%s", colon + 1 + (colon[1] == ' '));
        break;
    }
    if (file)
        fclose(file);
}

static const char *simd_name(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return "AVX-512";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return "AVX2 with FMA";
    if (__builtin_cpu_supports("avx"))
        return "AVX";
    return "SSE2 only";
#elif defined(__aarch64__)
    return "NEON";
#else
    return "none known";
#endif
}

static void machine(void)
{
    char name[128];
    cpu_name(name, sizeof name);
    doctor_say(true, "cpu", "%s, %d cores usable", name, pool_cores());
    const char *simd = simd_name();
    bool wide = strcmp(simd, "SSE2 only") != 0 && strcmp(simd, "none known") != 0;
    doctor_say(wide, "simd", "%s", simd);
    if (!wide)
        doctor_remedy(
            "everything works, several times slower; use a machine with AVX2 or NEON "
            "for pictures");
    doctor_say(true, "blas", "%s; kernels for %s", openblas_get_config(),
               openblas_get_corename());
}

/* ---- Files
 * --------------------------------------------------------------------------------------------------
 */

static void data_set(void)
{
    Arena arena;
    Dataset data;
    Error error;
    DatasetOptions options = {
        .name = "fashion", .path = "", .conditional = -1, .seed = 1};
    arena_init(&arena, (size_t)4 << 30);
    Status status = dataset_open(&data, &options, &arena, &error);
    if (status)
        doctor_say(false, "fashion", "%s", error.text);
    else
        doctor_say(true, "fashion", "Fashion-MNIST: %d training and %d held-out pictures",
                   data.n, data.n_test);
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
    machine();
    doctor_terminal();
    data_set();
    presets();
    runs_folder(options->runs);
    return STATUS_OK;
}
