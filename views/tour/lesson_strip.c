/* Owns the strip under the view in front. See lesson_strip.h. */
#include "views/tour/lesson_strip.h"

#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include <stdio.h>

enum { VIEW_LEAST = 5 };

static int fill(const Tour *tour, const LessonContext *context, Canvas *canvas, Rect strip)
{
    Canvas plain = {.look = canvas ? canvas->look : (CanvasLook){0},
                    .light = canvas && canvas->light};
    LessonWords words;
    char text[LESSON_TEXT + 8];
    lesson_words(tour, context, &words);
    Style said = theme_style(&plain, tour->seen ? ROLE_DONE : ROLE_TEXT);
    snprintf(text, sizeof text, tour->seen && words.say[0] != '\0' ? "✓ %s" : "%s", words.say);
    int row = text_wrap(canvas, strip, 0, said, text);
    snprintf(text, sizeof text, "▸ %s", words.act);
    if (words.act[0] != '\0')
        row += text_wrap(canvas, strip, row, theme_style(&plain, ROLE_CURSOR), text);
    return row;
}

/* Of the step's texts, whichever of its cases will hold. */
static int highest(const LessonStep *step, const LessonContext *context, Rect strip)
{
    char text[LESSON_TEXT + 8];
    lesson_fill(context, step->say, text, sizeof text);
    int most = text_wrap(NULL, strip, 0, (Style){0}, text);
    lesson_fill(context, step->act, text, sizeof text - 3);
    strip.width -= 2; /* the sign before these */
    most += text_wrap(NULL, strip, 0, (Style){0}, text);
    for (int i = 0; i < step->cases; i++) {
        lesson_fill(context, step->seen[i].text, text, sizeof text);
        most = larger(most, text_wrap(NULL, strip, 0, (Style){0}, text));
    }
    return most;
}

int lesson_rows(const Tour *tour, const LessonContext *context, Rect body)
{
    int most = 0;
    if (!tour->lesson || body.height < 8)
        return 0;
    const Lesson *lesson = &tour->lesson[tour->at];
    for (int i = 0; i < lesson->steps; i++)
        most =
            larger(most, highest(&lesson->step[i], context, (Rect){0, 0, body.width - 2, 0}) + 1);
    return smaller(most, body.height - VIEW_LEAST);
}

void lesson_draw(const Tour *tour, const LessonContext *context, Canvas *canvas, Rect strip)
{
    char title[160];
    const Lesson *lesson = &tour->lesson[tour->at];
    snprintf(title, sizeof title, "lesson %d · %s · step %d of %d", tour->at + 1, lesson->title,
             smaller(tour->step + 1, lesson->steps), lesson->steps);
    text_title(canvas, &strip, title, lesson_hint(tour, context));
    fill(tour, context, canvas, (Rect){strip.x + 1, strip.y, strip.width - 2, strip.height});
}
