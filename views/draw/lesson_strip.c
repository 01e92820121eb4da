/* Owns the strip under the view in front. See lesson_strip.h. */
#include "views/draw/lesson_strip.h"

#include "views/draw/text.h"
#include "views/draw/theme.h"
#include <stdio.h>

static const Lesson *present(const Tour *tour) { return &tour->lesson[tour->at]; }

/* Above the step: what the last one showed. */
static const char *seen_before(const Tour *tour)
{
    return tour->step > 0 ? present(tour)->step[tour->step - 1].seen : "";
}

static int fill(const Tour *tour, Canvas *canvas, Rect strip)
{
    Canvas plain = {.look = canvas ? canvas->look : (CanvasLook){0}};
    const Lesson *lesson = present(tour);
    bool over = tour->step >= lesson->steps;
    const LessonStep *step = &lesson->step[over ? 0 : tour->step];
    char text[LESSON_TEXT + 8];
    int row = 0;
    if (seen_before(tour)[0] != '\0') {
        snprintf(text, sizeof text, "✓ %s", seen_before(tour));
        row += text_wrap(canvas, strip, row, theme_style(&plain, ROLE_DONE), text);
    }
    row += text_wrap(canvas, strip, row, theme_style(&plain, ROLE_TEXT), over ? "" : step->say);
    bool last = tour->at + 1 >= tour->lessons;
    const char *end = last ? "That was the last lesson. The runs are yours: ? helps, q leaves."
                           : "Lesson done. Press g for the next one, or stay and play.";
    snprintf(text, sizeof text, "▸ %s", over ? end : step->act);
    row += text_wrap(canvas, strip, row, theme_style(&plain, ROLE_CURSOR), text);
    return row;
}

int lesson_rows(const Tour *tour, Rect body)
{
    if (!tour->lesson || body.height < 8)
        return 0;
    int most = 0;
    Tour probe = *tour; /* the highest of the lesson's steps: nothing moves from one to the next */
    for (probe.step = 0; probe.step <= present(tour)->steps; probe.step++) {
        int rows = fill(&probe, NULL, (Rect){0, 0, body.width - 2, 0}) + 1;
        most = rows > most ? rows : most;
    }
    int half = body.height / 2;
    return most < half ? most : half;
}

void lesson_draw(const Tour *tour, Canvas *canvas, Rect strip)
{
    char title[120], right[40];
    const Lesson *lesson = present(tour);
    snprintf(title, sizeof title, "lesson %d of %d · %s", tour->at + 1, tour->lessons,
             lesson->title);
    int step = tour->step < lesson->steps ? tour->step + 1 : lesson->steps;
    snprintf(right, sizeof right, "step %d of %d", step, lesson->steps);
    text_title(canvas, &strip, title, right);
    fill(tour, canvas, (Rect){strip.x + 1, strip.y, strip.width - 2, strip.height});
}
