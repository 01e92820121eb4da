/* Lines behind ':', as a person types them: carried out, completed, taken as a look. */
#include "tests/fake_snapshot.h"
#include "tests/fuzz/fuzz.h"
#include "views/screen.h"
#include <stdlib.h>
#include <string.h>

enum { TYPED_MOST = 300 };

static void complete(Screen *screen, const Snapshot *snapshot, const char *line)
{
    screen_press(screen, snapshot, ':');
    for (int i = 0; line[i] && i < TYPED_MOST; i++)
        screen_press(screen, snapshot, (unsigned char)line[i]);
    screen_press(screen, snapshot, PRESS_TAB);
    screen_press(screen, snapshot, PRESS_ESCAPE);
}

int fuzz_words(const uint8_t *data, size_t size)
{
    static const CanvasLook look = {.colours = COLOURS_256, .cell_width = 10, .cell_height = 20};
    static const Snapshot *snapshot;
    if (!snapshot)
        snapshot = fake_snapshot(&(FakeOptions){.runs = 3, .step = 400, .steered = true});
    char *text = fuzz_text(data, size), *rest = text;
    Screen *screen = screen_new(&(ScreenOptions){.fixed_clock = true, .look = text});
    Canvas canvas;
    canvas_init(&canvas, 100, 30, &look);
    screen_draw(screen, snapshot, &canvas);
    for (char *line; (line = strsep(&rest, "\n"));) {
        Reply reply = screen_command(screen, snapshot, line);
        if (reply.kind == REPLY_SEND && !memchr(reply.command.text, 0, sizeof reply.command.text))
            abort();
        complete(screen, snapshot, line);
    }
    screen_draw(screen, snapshot, &canvas);
    canvas_done(&canvas);
    screen_free(screen);
    free(text);
    return 0;
}
