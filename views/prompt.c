/* Owns the line editor. See prompt.h. */
#include "views/prompt.h"

#include "views/draw/theme.h"
#include "views/model/keys.h"
#include <stdio.h>
#include <string.h>

enum { CONTROL_A = 1, CONTROL_E = 5, CONTROL_K = 11, CONTROL_U = 21, CONTROL_W = 23 };

void prompt_set(Prompt *prompt, const char *text)
{
    snprintf(prompt->text, sizeof prompt->text, "%s", text);
    prompt->cursor = (int)strlen(prompt->text);
}

void prompt_open(Prompt *prompt, Asking asking, const char *label, const char *text)
{
    prompt->asking = asking;
    prompt->back = 0;
    snprintf(prompt->label, sizeof prompt->label, "%s", label);
    prompt_set(prompt, text);
}

static void remember(Prompt *prompt)
{
    if (prompt->lines > 0 && strcmp(prompt->line[prompt->lines - 1], prompt->text) == 0)
        return;
    if (prompt->lines == PROMPT_LINES) {
        memmove(prompt->line[0], prompt->line[1], sizeof prompt->line - sizeof prompt->line[0]);
        prompt->lines--;
    }
    memcpy(prompt->line[prompt->lines++], prompt->text, PROMPT_SIZE);
}

void prompt_close(Prompt *prompt, bool done)
{
    if (done && prompt->asking == ASK_COMMAND && prompt->text[0] != '\0')
        remember(prompt);
    prompt->asking = ASK_NOTHING;
}

void prompt_recall(Prompt *prompt, int by)
{
    int back = prompt->back + by;
    if (prompt->asking != ASK_COMMAND || back < 0 || back > prompt->lines)
        return;
    prompt->back = back;
    prompt_set(prompt, back > 0 ? prompt->line[prompt->lines - back] : "");
}

/* ---- Editing ---- */

static bool continues(char byte) { return ((unsigned char)byte & 0xc0) == 0x80; }

/* Start of the character before, or behind, the byte `at`. */
static int before(const Prompt *prompt, int at)
{
    do {
        at -= at > 0;
    } while (at > 0 && continues(prompt->text[at]));
    return at;
}

static int behind(const Prompt *prompt, int at)
{
    if (prompt->text[at] == '\0')
        return at;
    do {
        at++;
    } while (continues(prompt->text[at]));
    return at;
}

static void cut(Prompt *prompt, int from, int to)
{
    memmove(prompt->text + from, prompt->text + to, strlen(prompt->text + to) + 1);
    prompt->cursor = from;
}

static int word_before(const Prompt *prompt)
{
    int at = prompt->cursor;
    while (at > 0 && prompt->text[at - 1] == ' ')
        at--;
    while (at > 0 && prompt->text[at - 1] != ' ')
        at--;
    return at;
}

static int utf8(int rune, char bytes[4])
{
    if (rune < 0x80) {
        bytes[0] = (char)rune;
        return 1;
    }
    int n = 2 + (rune >= 0x800) + (rune >= 0x10000);
    for (int i = n - 1; i > 0; i--, rune >>= 6)
        bytes[i] = (char)(0x80 | (rune & 0x3f));
    bytes[0] = (char)((0xf00 >> n & 0xff) | rune);
    return n;
}

static bool insert(Prompt *prompt, int rune)
{
    char bytes[4];
    int n = utf8(rune, bytes), length = (int)strlen(prompt->text);
    if (length + n >= PROMPT_SIZE)
        return false;
    char *at = prompt->text + prompt->cursor;
    memmove(at + n, at, (size_t)(length - prompt->cursor + 1));
    memcpy(at, bytes, (size_t)n);
    prompt->cursor += n;
    return true;
}

bool prompt_edit(Prompt *prompt, int press)
{
    int end = (int)strlen(prompt->text);
    switch (press) {
    case PRESS_LEFT: prompt->cursor = before(prompt, prompt->cursor); return true;
    case PRESS_RIGHT: prompt->cursor = behind(prompt, prompt->cursor); return true;
    case CONTROL_A:
    case PRESS_HOME: prompt->cursor = 0; return true;
    case CONTROL_E:
    case PRESS_END: prompt->cursor = end; return true;
    case PRESS_BACKSPACE: cut(prompt, before(prompt, prompt->cursor), prompt->cursor); return true;
    case PRESS_DELETE: cut(prompt, prompt->cursor, behind(prompt, prompt->cursor)); return true;
    case CONTROL_U: cut(prompt, 0, prompt->cursor); return true;
    case CONTROL_K: cut(prompt, prompt->cursor, end); return true;
    case CONTROL_W: cut(prompt, word_before(prompt), prompt->cursor); return true;
    default: break;
    }
    if (press < ' ' || press >= PRESS_UP || (press >= 0x7f && press < 0xa0))
        return false;
    insert(prompt, press);
    return true;
}

const char *prompt_paste(Prompt *prompt, int rune)
{
    if (prompt->asking == ASK_NOTHING)
        return "pasted text was dropped: it goes into a line (: / m), not to the keys";
    return insert(prompt, rune) ? "" : "the line is full: the rest of what was pasted was dropped";
}

/* ---- Drawing ---- */

void prompt_draw(const Prompt *prompt, Canvas *canvas, Rect row)
{
    char head[PROMPT_SIZE];
    canvas_fill(canvas, row, ' ', theme_style(canvas, ROLE_TEXT));
    int x = row.x, right = row.x + row.width;
    x += canvas_text(canvas, x, row.y, row.width, theme_style(canvas, ROLE_KEY), prompt->label);
    snprintf(head, sizeof head, "%.*s", prompt->cursor, prompt->text);
    const char *from = head;
    while (text_width(from) > right - x - 1 && *from != '\0')
        from += behind(prompt, (int)(from - head)) - (int)(from - head);
    x += canvas_text(canvas, x, row.y, right - x, theme_style(canvas, ROLE_TEXT), from);
    int at = x;
    canvas_text(canvas, x, row.y, right - x, theme_style(canvas, ROLE_TEXT),
                prompt->text + prompt->cursor);
    canvas_add_attributes(canvas, (Rect){at, row.y, 1, 1}, ATTRIBUTE_REVERSE);
}
