/* Owns doctor: what this machine can do for the program, and what to do about what is
 * missing. */
#include "app/commands.h"
#include "engine/base/file.h"
#include "engine/distill/params.h"
#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Of OpenBLAS; declared here because only kernels may include cblas.h. */
extern char *openblas_get_config(void);
extern char *openblas_get_corename(void);

static void __attribute__((format(printf, 3, 4)))
say(bool good, const char *what, const char *format, ...)
{
    va_list arguments;
    printf("%s %-10s ", good ? "ok " : "-- ", what);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

static void remedy(const char *text)
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
    say(true, "cpu", "%s, %d cores usable", name, pool_cores());
    const char *simd = simd_name();
    bool wide = strcmp(simd, "SSE2 only") != 0 && strcmp(simd, "none known") != 0;
    say(wide, "simd", "%s", simd);
    if (!wide)
        remedy("everything works, several times slower; use a machine with AVX2 or NEON "
               "for pictures");
    say(true, "blas", "%s; kernels for %s", openblas_get_config(),
        openblas_get_corename());
}

/* ---- Terminal
 * ----------------------------------------------------------------------------------------------
 */

enum { LEAST_COLUMNS = 60, LEAST_ROWS = 16 };

static void terminal_size(void)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 &&
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0) {
        say(true, "size", "no terminal here");
        return;
    }
    bool enough = size.ws_col >= LEAST_COLUMNS && size.ws_row >= LEAST_ROWS;
    say(enough, "size", "%d x %d cells, %d x %d pixels", size.ws_col, size.ws_row,
        size.ws_xpixel, size.ws_ypixel);
    if (!enough)
        remedy("enlarge the window to 80 x 24 or more; below 60 x 16 one pane of text is "
               "shown");
}

static void terminal(void)
{
    const char *name = getenv("TERM"), *no_color = getenv("NO_COLOR");
    bool usable = name && *name && strcmp(name, "dumb") != 0;
    say(usable, "terminal", "TERM=%s%s", name ? name : "",
        no_color && *no_color ? ", NO_COLOR is set" : "");
    if (!usable)
        remedy("the workbench needs a real terminal (xterm-256color, tmux-256color, "
               "...); ddil run works anywhere");
    bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    say(utf8, "text", "%s", nl_langinfo(CODESET));
    if (!utf8)
        remedy("charts are drawn in ASCII; for finer ones: export LANG=C.UTF-8");
    terminal_size();
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
        say(false, "fashion", "%s", error.text);
    else
        say(true, "fashion", "Fashion-MNIST: %d training and %d held-out pictures",
            data.n, data.n_test);
    if (status)
        remedy("only the fashion-* presets need it: make deps, or apt install "
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
        say(false, "preset", "%s", error.text);
        return false;
    }
    const char *file = config_text(&config, "teacher.file");
    if (!*file || asset_found(file))
        return true;
    say(false, "preset", "%s: its teacher %s is not there", preset->name, file);
    remedy("make teachers trains it, or set teacher.file");
    return false;
}

static void presets(void)
{
    PresetInfo *preset;
    int n = engine_presets(&preset), usable = 0;
    for (int i = 0; i < n; i++)
        usable += preset_usable(&preset[i]);
    say(n > 0 && usable == n, "presets", "%d found, %d usable", n, usable);
    if (n == 0)
        remedy("run from the source folder, or make install");
    free(preset);
}

static void runs_folder(const char *runs)
{
    char path[PATH_SIZE];
    Error error;
    if (!file_exists(runs)) {
        say(true, "runs", "%s does not exist yet; the first run makes it", runs);
        return;
    }
    Status status = check_writable(file_join(path, runs, "doctor"), &error);
    say(!status, "runs", "%s%s%s", runs, status ? ": " : " can be written",
        status ? error.text : "");
    if (status)
        remedy("name another with --runs DIR or $DDIL_RUNS");
}

Status cmd_doctor(const Options *options, Error *error)
{
    (void)error;
    printf("    %-10s ddil %s\n", "program", DDIL_VERSION);
    machine();
    terminal();
    data_set();
    presets();
    runs_folder(options->runs);
    return STATUS_OK;
}
