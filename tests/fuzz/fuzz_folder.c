/* The whole way from a run's folder to a picture: the bytes are its files, divided by lines that
 * begin with "@" and name one; then every view is drawn. */
#include "engine/engine.h"
#include "engine/store/folder.h"
#include "tests/fuzz/fuzz.h"
#include "views/screen.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* clang-format off */
static const char *const FILES[] = {
    "run.ini", "metrics.csv", "shift.csv", "eval.csv", "events.csv", "times.csv", "latest",
    "threshold.csv", "beside.csv", "figures.csv", "files.csv",
    "params.csv", "checkpoints.csv", "owner", "output.log", "exit", /* of an external run */
};
/* clang-format on */
enum { FILE_COUNT = sizeof FILES / sizeof *FILES };

/* Writes what stands up to the next division. */
static const char *write_part(const char *folder, const char *name, const char *text)
{
    char path[200];
    const char *end = strstr(text, "\n@");
    size_t length = end ? (size_t)(end + 1 - text) : strlen(text);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file)
        abort();
    fwrite(text, 1, length, file);
    fclose(file);
    return text + length;
}

static void write_files(const char *folder, const char *text)
{
    for (const char *at = text; *at == '@';) {
        char name[32];
        size_t span = strcspn(at, "\n");
        snprintf(name, sizeof name, "%.*s", span < sizeof name ? (int)span - 1 : 30, at + 1);
        at += span + (at[span] == '\n');
        int known = 0;
        while (known < FILE_COUNT && strcmp(FILES[known], name) != 0)
            known++;
        at = write_part(folder, known < FILE_COUNT ? name : "other", at);
    }
}

static void draw_views(Engine *engine)
{
    static const CanvasLook look = {.colours = COLOURS_256, .cell_width = 10, .cell_height = 20};
    Canvas canvas;
    Screen *screen = screen_new(&(ScreenOptions){.readonly = true, .fixed_clock = true});
    const Snapshot *snapshot = engine_look(engine);
    canvas_init(&canvas, 120, 40, &look);
    for (int view = '0'; view <= '9'; view++) {
        screen_press(screen, snapshot, view);
        canvas_clear(&canvas);
        screen_draw(screen, snapshot, &canvas);
    }
    canvas_done(&canvas);
    engine_drop(engine, snapshot);
    screen_free(screen);
}

int fuzz_folder(const uint8_t *data, size_t size)
{
    char folder[100], *text = fuzz_text(data, size);
    Engine *engine;
    snprintf(folder, sizeof folder, "%s/0001-a", fuzz_runs());
    mkdir(folder, 0700);
    write_files(folder, text);
    free(text);
    EngineOptions options = {.runs = fuzz_runs(), .threads = 1, .readonly = true, .stepped = true};
    if (!engine_open(&engine, &options, NULL)) {
        engine_watch(engine, 1);
        for (int turn = 0; turn < 3; turn++)
            engine_advance(engine, 3);
        draw_views(engine);
        engine_close(engine, LEAVE_DROP, NULL);
    }
    folder_remove(folder, NULL);
    return 0;
}
