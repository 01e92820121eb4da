/* Owns the parsing of terminal input: see the header. Calls libc only. */
#include "app/terminal/probe.h"

#include "app/terminal/sequence.h"
#include "views/model/keys.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char probe_burst[] = "\033[>q"         /* name and version */
                           "\033[?1;1;0S"    /* colour registers */
                           "\033[?2;1;0S"    /* sixel area */
                           "\033[16t"        /* cell in pixels */
                           "\033[14t"        /* text area in pixels */
                           "\033[?2026$p"    /* synchronised output */
                           "\033]11;?\033\\" /* background */
                           "\033[c";         /* device attributes: the end */

const char probe_kitty[] = "\033_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\033\\";

const char probe_cell[] = "\033[16t\033[14t";

bool probe_may_ask_kitty(const char *term, const char *tmux)
{
    static const char *const deaf[] = {"linux", "screen", "tmux"};
    for (size_t i = 0; i < sizeof deaf / sizeof *deaf && term; i++)
        if (strncmp(term, deaf[i], strlen(deaf[i])) == 0)
            return false;
    return term && (!tmux || *tmux == '\0');
}

enum State {
    GROUND,
    ESCAPE,
    AFTER_ESCAPE,
    CSI,
    CSI_CONSOLE,
    SS3,
    STRING,
    STRING_ESCAPE,
    UTF8,
    SKIP /* the three bytes of a mouse report of 1984 */
};
enum { ESCAPE_MS = 25, EXPECTING_MS = 120, SEQUENCE_MS = 500, STRING_MS = 2000, PASTE_MS = 5000 };

void probe_init(Probe *probe) { *probe = (Probe){.state = GROUND}; }

void probe_forget(Probe *probe) { probe->answers = (Answers){0}; }

static int key(InputEvent *event, int press)
{
    *event = (InputEvent){INPUT_KEY, press};
    return 1;
}

/* ---- Answers ---- */

static void device_attributes(Probe *probe, const char *text)
{
    Answers *answers = &probe->answers;
    int value[32];
    int n = sequence_numbers(text, ';', value, 32);
    for (int i = 1; i < n; i++)
        answers->sixel = answers->sixel || (value[i] == 4 && !probe->no_sixel_here);
    answers->exact = answers->text_width > 0 && answers->text_width == answers->area_width &&
                     answers->text_height == answers->area_height;
    answers->done = true;
    probe->ends++;
}

/* CSI ? item ; status ; value... S */
static void graphics_attributes(Answers *answers, const char *text)
{
    int value[4] = {0};
    int n = sequence_numbers(text, ';', value, 4);
    if (n >= 3 && value[1] == 0 && value[0] == 1)
        answers->registers = value[2];
    if (n >= 4 && value[1] == 0 && value[0] == 2) {
        answers->area_width = value[2];
        answers->area_height = value[3];
    }
}

/* CSI 6 ; height ; width t (a cell), CSI 4 ; height ; width t (the text area) */
static void sizes(Answers *answers, const char *text)
{
    int value[3] = {0};
    if (sequence_numbers(text, ';', value, 3) == 3 && value[0] == 6) {
        answers->cell_height = value[1];
        answers->cell_width = value[2];
    } else if (value[0] == 4) {
        answers->text_height = value[1];
        answers->text_width = value[2];
    }
}

static void mode(Answers *answers, const char *text)
{
    int value[2] = {0};
    if (sequence_numbers(text, ';', value, 2) == 2 && value[0] == 2026)
        answers->synchronised = value[1] == 1 || value[1] == 2;
}

static void background(Answers *answers, const char *text)
{
    unsigned part[3];
    if (sscanf(text, "11;rgb:%4x/%4x/%4x", &part[0], &part[1], &part[2]) != 3)
        return;
    const char *slash = strchr(text, '/');
    int digits = (int)(slash - strchr(text, ':')) - 1;
    for (int c = 0; c < 3; c++)
        answers->background[c] = (uint8_t)(digits == 4 ? part[c] >> 8 : part[c]);
    answers->has_background = digits == 4 || digits == 2;
}

/* A whole string sequence: its first byte says which kind. */
static int string_done(Probe *probe, InputEvent *event)
{
    const char *text = probe->text;
    probe->state = GROUND;
    if (text[0] == ']')
        background(&probe->answers, text + 1);
    else if (strcmp(text, "_Gi=31;OK") == 0)
        probe->answers.kitty = true;
    else if (text[0] == 'P' && text[1] == '>' && text[2] == '|')
        snprintf(probe->answers.name, sizeof probe->answers.name, "%s", text + 3);
    *event = (InputEvent){INPUT_ANSWER, 0};
    return 1;
}

/* ---- Sequences ---- */

static int csi_answer(Probe *probe, char final, InputEvent *event)
{
    const char *text = probe->text;
    bool private = text[0] == '?';
    *event = (InputEvent){INPUT_ANSWER, 0};
    if (final == 'n' && strcmp(text, "0") == 0)
        event->kind = INPUT_ACKNOWLEDGED;
    else if (final == 'c' && private)
        device_attributes(probe, text + 1);
    else if (final == 'S' && private)
        graphics_attributes(&probe->answers, text + 1);
    else if (final == 't')
        sizes(&probe->answers, text);
    else if (final == 'y' && private)
        mode(&probe->answers, text + 1);
    return 1;
}

/* CSI < button ; column ; row M: pressed, moved or turned; m: released. */
static int mouse_press(const char *text, char final, InputEvent *event)
{
    int value[3] = {0};
    if (sequence_numbers(text, ';', value, 3) != 3 || final == 'm' || value[1] < 1 || value[2] < 1)
        return 0;
    int button = value[0] & 0xe3; /* without Shift, Alt, Control */
    MouseKind kind = button == 64   ? MOUSE_WHEEL_UP
                     : button == 65 ? MOUSE_WHEEL_DOWN
                     : button == 32 ? MOUSE_DRAG
                                    : MOUSE_CLICK;
    bool known = button == 0 || button == 32 || button == 64 || button == 65;
    return known ? key(event, press_mouse(kind, value[1] - 1, value[2] - 1)) : 0;
}

/* The first number of a sequence, 0 when it has none. */
/* What other programs have left on: CSI M and three bytes (X10), CSI numbers M (urxvt). */
static int old_mouse(Probe *probe)
{
    probe->more = 3;
    probe->state = probe->n == 0 ? SKIP : GROUND;
    return 0;
}

static int csi_done(Probe *probe, char final, InputEvent *event)
{
    probe->state = GROUND;
    if (probe->n >= PROBE_TEXT)
        return 0;
    if (final == 'M' && probe->text[0] != '<')
        return old_mouse(probe);
    if (probe->text[0] == '<' && (final == 'M' || final == 'm'))
        return mouse_press(probe->text + 1, final, event);
    bool private = probe->text[0] == '?' || probe->text[0] == '>' || probe->text[0] == '=';
    if (private || strchr("ntcySRIO", final))
        return csi_answer(probe, final, event);
    if (final == '~' && strcmp(probe->text, "200") == 0) {
        probe->paste = 1;
        return 0;
    }
    int press = sequence_press(probe->text, final);
    return press ? key(event, press) : 0;
}

static void begin(Probe *probe, int state)
{
    probe->state = state;
    probe->n = 0;
    probe->text[0] = '\0';
}

static void keep(Probe *probe, unsigned char byte)
{
    if (probe->n < PROBE_TEXT - 1) {
        probe->text[probe->n] = (char)byte;
        probe->text[probe->n + 1] = '\0';
    }
    probe->n += probe->n < PROBE_TEXT;
}

static int feed_csi(Probe *probe, unsigned char byte, InputEvent *event)
{
    if (byte == '[' && probe->n == 0) {
        probe->state = CSI_CONSOLE; /* the Linux console's function keys: ESC [ [ A */
        return 0;
    }
    if (byte == 27) {
        begin(probe, ESCAPE);
        probe->late = false;
        return 0;
    }
    if (byte < 32 || byte > 126) {
        probe->state = GROUND; /* not a sequence at all */
        return 0;
    }
    if (byte >= 64)
        return csi_done(probe, (char)byte, event);
    keep(probe, byte);
    return 0;
}

static int feed_string(Probe *probe, unsigned char byte, InputEvent *event)
{
    if (probe->state == STRING_ESCAPE) {
        if (byte == '\\')
            return string_done(probe, event);
        begin(probe, GROUND); /* cut short by another sequence */
        probe->state = ESCAPE;
        return -1;
    }
    if (byte == 27)
        probe->state = STRING_ESCAPE;
    else if (byte == 7)
        return string_done(probe, event);
    else if (byte == 24 || byte == 26)
        probe->state = GROUND;
    else
        keep(probe, byte);
    return 0;
}

/* ---- Keys ---- */

static int feed_ground(Probe *probe, unsigned char byte, InputEvent *event)
{
    probe->state = GROUND;
    if (byte == 27) {
        begin(probe, ESCAPE);
        probe->late = false;
        return 0;
    }
    if (byte >= 0xc2 && byte < 0xf5) {
        probe->more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
        probe->rune = byte & (0x3fu >> probe->more);
        probe->state = UTF8;
        return 0;
    }
    if (byte >= 128)
        return 0;
    return key(event, byte == 8 ? PRESS_BACKSPACE : byte);
}

static int feed_utf8(Probe *probe, unsigned char byte, InputEvent *event)
{
    if (byte >> 6 != 2)
        return feed_ground(probe, byte, event);
    probe->rune = probe->rune << 6 | (byte & 0x3fu);
    if (--probe->more > 0)
        return 0;
    probe->state = GROUND;
    return probe->rune < PRESS_UP ? key(event, (int)probe->rune) : 0;
}

/* After an Escape: a sequence begins, or the Escape was a key. AFTER_ESCAPE: it was
 * already given out. */
static int feed_escape(Probe *probe, unsigned char byte, InputEvent *events)
{
    bool given = probe->state == AFTER_ESCAPE;
    switch (byte) {
    case '[': begin(probe, CSI); break;
    case 'O': begin(probe, given ? GROUND : SS3); break;
    case 'P':
    case ']':
    case '_':
    case '^':
    case 'X':
        begin(probe, STRING);
        keep(probe, byte);
        break;
    default: {
        int n = given || byte == '\\' ? 0 : key(events, PRESS_ESCAPE);
        probe->state = GROUND;
        return byte == '\\' && !given ? 0 : n + feed_ground(probe, byte, events + n);
    }
    }
    probe->late = given;
    return given && probe->state == GROUND ? feed_ground(probe, byte, events) : 0;
}

/* ---- Pasted text ---- */

static int pasted(Probe *probe, unsigned char byte, InputEvent *event)
{
    bool second = probe->after && byte == '\n';
    probe->after = byte == '\r';
    if (byte == '\r' || byte == '\n' || byte == '\t')
        byte = ' ';
    int n = second                 ? 0
            : probe->state == UTF8 ? feed_utf8(probe, byte, event)
                                   : feed_ground(probe, byte, event);
    bool printable = n > 0 && event->press >= ' ' && !(event->press >= 127 && event->press < 160);
    if (printable)
        event->press = press_pasted(event->press);
    return printable;
}

/* Everything up to CSI 201 ~ is text; other sequences in it are not. */
static int feed_paste(Probe *probe, unsigned char byte, InputEvent *event)
{
    static const char end[] = "\033[201~";
    int came = probe->paste - 1;
    bool goes_on = byte == (unsigned char)end[came];
    probe->paste = goes_on ? probe->paste + 1 : 1 + (byte == 27);
    if (probe->paste == (int)sizeof end) {
        probe->paste = probe->state = 0;
        return 0;
    }
    return probe->paste > 1 ? 0 : pasted(probe, byte, event);
}

int probe_feed(Probe *probe, unsigned char byte, InputEvent events[PROBE_EVENTS])
{
    int n;
    if (probe->paste > 0)
        return feed_paste(probe, byte, events);
    switch (probe->state) {
    case ESCAPE:
    case AFTER_ESCAPE: return feed_escape(probe, byte, events);
    case CSI: return feed_csi(probe, byte, events);
    case CSI_CONSOLE:
        probe->state = GROUND;
        return key(events, byte == 'A' ? PRESS_F1 : PRESS_UNKNOWN);
    case SS3: probe->state = GROUND; return key(events, sequence_press("", (char)byte));
    case UTF8: return feed_utf8(probe, byte, events);
    case SKIP: probe->state = --probe->more > 0 ? SKIP : GROUND; return 0;
    case STRING:
    case STRING_ESCAPE:
        n = feed_string(probe, byte, events);
        return n < 0 ? feed_escape(probe, byte, events) : n;
    default: return feed_ground(probe, byte, events);
    }
}

int probe_patience_ms(const Probe *probe)
{
    if (probe->paste > 0)
        return PASTE_MS;
    switch (probe->state) {
    case GROUND:
    case AFTER_ESCAPE: return -1;
    case ESCAPE: return probe->answers.done ? ESCAPE_MS : EXPECTING_MS;
    case STRING:
    case STRING_ESCAPE: return STRING_MS;
    default: return SEQUENCE_MS;
    }
}

int probe_idle(Probe *probe, InputEvent events[PROBE_EVENTS])
{
    int state = probe->state;
    probe->paste = 0;
    probe->state = state == ESCAPE ? AFTER_ESCAPE : GROUND;
    if (state == ESCAPE)
        return key(events, PRESS_ESCAPE);
    if (probe->late && state == CSI && probe->n == 0)
        return key(events, '['); /* it was typed after all */
    if (probe->late && state == STRING && probe->n == 1)
        return key(events, (unsigned char)probe->text[0]);
    return 0;
}
