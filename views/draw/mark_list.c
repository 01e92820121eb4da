/* Owns how a mark looks in a list. See mark_list.h. */
#include "views/draw/mark_list.h"

#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/format.h"
#include "views/model/marks.h"

enum { STEP_WIDTH = 8, WORDS = 11, FULL_WIDTH = 64 };

const MarkView *mark_from_newest(const RunView *run, int k)
{
    return &run->mark[run->marks - 1 - k];
}

static void draw_row(Canvas *canvas, Rect row, const Scene *scene, int k, bool chosen)
{
    const MarkView *mark = mark_from_newest(scene->run, k);
    MarkKind kind = mark_kind(mark);
    char step[FORMAT_SIZE], words[MARK_TEXT_SIZE], effect[80] = "";
    bool acts = kind == MARK_CHANGE || kind == MARK_FORK;
    mark_words(mark, words, sizeof words);
    if (acts) {
        MarkEffect seen = mark_effect(scene->session, scene->run, scene->run->marks - 1 - k);
        mark_effect_words(&seen, row.width >= FULL_WIDTH, effect, sizeof effect);
    }
    if (chosen)
        canvas_text(canvas, row.x, row.y, 1, theme_style(canvas, ROLE_CURSOR), "▸");
    canvas_text_right(canvas, row.x + STEP_WIDTH, row.y, STEP_WIDTH - 1,
                      theme_style(canvas, ROLE_FAINT), format_count(step, (double)mark->step));
    canvas_text(canvas, row.x + STEP_WIDTH + 1, row.y, 1, theme_style(canvas, ROLE_MARK),
                acts ? "▲" : "·");
    int used = text_width(effect);
    canvas_text_right(canvas, row.x + row.width, row.y, used, theme_style(canvas, ROLE_STRONG),
                      effect);
    text_cut(canvas, row.x + WORDS, row.y, row.width - used - WORDS - 1,
             theme_style(canvas, chosen ? ROLE_STRONG : ROLE_TEXT), words);
}

void mark_list_draw(Canvas *canvas, Rect rect, const Scene *scene, int chosen)
{
    int n = scene->run->marks, first = chosen >= rect.height ? chosen - rect.height + 1 : 0;
    for (int i = 0; i < rect.height && first + i < n; i++) {
        draw_row(canvas, (Rect){rect.x, rect.y + i, rect.width, 1}, scene, first + i,
                 first + i == chosen);
    }
}
