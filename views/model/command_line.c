/* Owns the table of commands and what they do. See command_line.h. */
#include "views/model/command_line.h"
#include "engine/base/number.h"

#include "views/model/glossary.h"
#include "views/model/marks.h"
#include "views/model/overlay.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *skip_blanks(const char *text) { return text + strspn(text, " \t"); }

static bool whole_number(const char *text, long *value)
{
    text = skip_blanks(text);
    return number_lead(&text, LONG_MIN, LONG_MAX, value) && *skip_blanks(text) == '\0';
}

static Reply send(const Scene *scene, CommandKind kind, long number, const char *text)
{
    Reply reply = {.kind = REPLY_SEND, .command = {.kind = kind, .number = number}};
    if (!scene->run && kind != COMMAND_NEW)
        return reply_say(REPLY_REFUSED, "no run is chosen");
    if (strlen(text) >= sizeof reply.command.text)
        return reply_say(REPLY_REFUSED, "too long: at most %d characters", COMMAND_TEXT_SIZE - 1);
    reply.command.run = scene->run ? scene->run->id : 0;
    snprintf(reply.command.text, sizeof reply.command.text, "%s", text);
    return reply;
}

/* Blanks between assignments become the line ends that commands want. */
static void to_lines(const char *text, char *lines, size_t size)
{
    size_t n = 0;
    for (text = skip_blanks(text); *text != '\0' && n + 1 < size; text++) {
        bool blank = *text == ' ' || *text == '\t';
        if (!blank)
            lines[n++] = *text;
        else if (n > 0 && lines[n - 1] != '\n')
            lines[n++] = '\n';
    }
    n -= n > 0 && lines[n - 1] == '\n';
    lines[n] = '\0';
}

/* ---- Steering ---- */

static Reply do_set(const Scene *scene, const char *text)
{
    char lines[COMMAND_TEXT_SIZE];
    to_lines(text, lines, sizeof lines);
    if (!strchr(lines, '=')) {
        return reply_say(REPLY_REFUSED,
                         "write section.key=value, for example: set optimizer.lr=5e-4");
    }
    return send(scene, COMMAND_SET, 0, lines);
}

static Reply do_fork(const Scene *scene, const char *text)
{
    char lines[COMMAND_TEXT_SIZE];
    const char *rest = text;
    long step = -1;
    bool given = number_lead(&rest, LONG_MIN, LONG_MAX, &step) && (*rest == '\0' || *rest == ' ');
    to_lines(given ? rest : text, lines, sizeof lines);
    bool at_end = scene->run && run_at_its_end(scene->run) && (!given || step >= scene->run->steps);
    if (at_end && !strstr(lines, "run.steps=")) {
        return reply_say(REPLY_REFUSED,
                         "%02d is done; say how far its fork goes: fork run.steps=%ld",
                         scene->run->id, 2 * scene->run->steps);
    }
    return send(scene, COMMAND_FORK, given ? step : -1, lines);
}

static Reply do_new(const Scene *scene, const char *text)
{
    char lines[COMMAND_TEXT_SIZE];
    to_lines(text, lines, sizeof lines);
    if (lines[0] == '\0')
        return reply_say(REPLY_REFUSED, "write a preset's name: Tab lists them");
    return send(scene, COMMAND_NEW, 0, lines);
}

static Reply do_seeds(const Scene *scene, const char *text)
{
    char lines[COMMAND_TEXT_SIZE - 100], whole[COMMAND_TEXT_SIZE];
    size_t seeds = strcspn(text, " ");
    to_lines(text + seeds, lines, sizeof lines);
    if (lines[0] == '\0' || seeds > 80)
        return reply_say(REPLY_REFUSED, "write seeds and a preset: seeds 1-5 quickstart");
    snprintf(whole, sizeof whole, "%s\nseeds=%.*s", lines, (int)seeds, text);
    return send(scene, COMMAND_NEW, 0, whole);
}

static Reply do_start(const Scene *scene, const char *text)
{
    (void)text;
    return send(scene, COMMAND_START, 0, "");
}

static Reply do_pause(const Scene *scene, const char *text)
{
    (void)text;
    return send(scene, COMMAND_PAUSE, 0, "");
}

static Reply do_step(const Scene *scene, const char *text)
{
    long n = 1;
    if (*text != '\0' && (!whole_number(text, &n) || n < 1))
        return reply_say(REPLY_REFUSED, "step %s: how many training steps, from 1", text);
    return send(scene, COMMAND_STEP, n, "");
}

static Reply do_save(const Scene *scene, const char *text)
{
    (void)text;
    return send(scene, COMMAND_SAVE, 0, "");
}

static Reply do_stop(const Scene *scene, const char *text)
{
    (void)text;
    return send(scene, COMMAND_STOP, 0, "");
}

Reply command_line_note(const Scene *scene, const char *text)
{
    char note[MARK_TEXT_SIZE - 8];
    if (!scene->run)
        return reply_say(REPLY_REFUSED, "no run is chosen");
    mark_note(scene->session, scene->run, text, note, sizeof note);
    return send(scene, COMMAND_NOTE, session_step(scene->session, scene->run), note);
}

/* ---- Looking ---- */

static Reply do_view(const Scene *scene, const char *text)
{
    int n = 0;
    for (; scene->views && scene->views[n]; n++) {
        char digit[12];
        snprintf(digit, sizeof digit, "%d", n + 1);
        if (strcmp(text, digit) == 0 || strcasecmp(text, scene->views[n]) == 0)
            return (Reply){.kind = REPLY_VIEW, .view = n};
    }
    return reply_say(REPLY_REFUSED, "view %s: 1 to %d, or its name", text, n);
}

static Reply do_run(const Scene *scene, const char *text)
{
    long id = 0;
    bool number = whole_number(text, &id);
    for (int i = 0; i < scene->snapshot->runs; i++) {
        const RunView *run = scene->snapshot->run[i];
        if (number ? run->id == id : strcmp(run->name, text) == 0) {
            scene->session->run = run->id;
            return (Reply){.kind = REPLY_NONE};
        }
    }
    return reply_say(REPLY_REFUSED, "run %s: no such run; Tab lists them", text);
}

static Reply do_go(const Scene *scene, const char *text)
{
    long step;
    if (strcmp(text, "live") == 0) {
        scene->session->live = true;
    } else if (whole_number(text, &step) && step >= 0) {
        scene->session->live = false;
        scene->session->step = step;
    } else {
        return reply_say(REPLY_REFUSED, "go %s: a training step, or live", text);
    }
    return (Reply){.kind = REPLY_NONE};
}

static Reply do_stage(const Scene *scene, const char *text)
{
    long stage = STAGE_LAST;
    bool good = strcmp(text, "last") == 0 || whole_number(text, &stage);
    if (!good || stage < 0 || stage > STAGE_LAST)
        return reply_say(REPLY_REFUSED, "stage %s: a sampling stage, from 0 (noise), or last",
                         text);
    scene->session->stage = (int)stage;
    return (Reply){.kind = REPLY_NONE};
}

static Reply do_seed(const Scene *scene, const char *text)
{
    long seed = -1;
    bool worst = strcmp(text, "worst") == 0;
    if (!worst && (!whole_number(text, &seed) || seed < 0 || seed > INT_MAX))
        return reply_say(REPLY_REFUSED, "seed %s: a sample's number, from 0, or worst", text);
    scene->session->seed = (int)seed;
    return (Reply){.kind = REPLY_NONE};
}

/* Of the chosen run: names of other runs' curves may differ. */
static Reply do_curve(const Scene *scene, const char *text)
{
    int known = scene->run ? scene->run->loss_terms : 0, curve = 0; /* the first is the loss */
    while (curve < known && strcmp(scene->run->term[curve].name, text) != 0)
        curve++;
    if (curve < known || strcmp(text, "loss") == 0) {
        scene->session->curve = curve < known ? curve : 0;
        return (Reply){.kind = REPLY_NONE};
    }
    return reply_say(REPLY_REFUSED, "curve %s: the run has no such curve; Tab lists them", text);
}

static Reply do_file(ReplyKind kind, const char *text)
{
    if (*text == '\0' || strlen(text) >= COMMAND_TEXT_SIZE)
        return reply_say(REPLY_REFUSED, "write the name of a file");
    return reply_text(kind, text);
}

static Reply do_save_display(const Scene *scene, const char *text)
{
    (void)scene;
    return do_file(REPLY_DISPLAY, text);
}

static Reply do_save_picture(const Scene *scene, const char *text)
{
    (void)scene;
    return do_file(REPLY_PICTURE, text);
}

static Reply do_figure(const Scene *scene, const char *text)
{
    static const char slides[] = " slides";
    size_t n = strlen(text), m = sizeof slides - 1;
    Reply reply = do_file(REPLY_FIGURE, text);
    if (!scene->run)
        return reply_say(REPLY_REFUSED, "no run to draw a figure of");
    reply.slides = n > m && strcmp(text + n - m, slides) == 0;
    if (reply.slides)
        reply.text[n - m] = '\0';
    reply.view = scene->front;
    Overlay overlay = overlay_runs(scene);
    for (int i = 0; i < overlay.n; i++) {
        const Group *group = &overlay.group[i];
        for (int k = 0; k < (group->n > 0 ? group->n : 1) && reply.showns < SHOWN_MOST; k++)
            reply.part[reply.showns] = i,
            reply.shown[reply.showns++] = group->n > 0 ? group->run[k]->id : overlay.run[i]->id;
    }
    return reply;
}

static bool one_of(const char *const *names, const char *text, int *choice)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(text, names[i]) == 0) {
            *choice = i;
            return true;
        }
    return false;
}

static Reply do_theme(const Scene *scene, const char *text)
{
    static const char *const grounds[] = {"auto", "dark", "light", NULL};
    bool known = one_of(grounds, text, &scene->session->ground);
    return known ? (Reply){.kind = REPLY_NONE}
                 : reply_say(REPLY_REFUSED, "theme auto, dark or light");
}

static Reply do_palette(const Scene *scene, const char *text)
{
    bool known = one_of(palette_names, text, &scene->session->palette);
    return known ? (Reply){.kind = REPLY_NONE}
                 : reply_say(REPLY_REFUSED, "palette okabe-ito, tol or grey");
}

static Reply do_share(const Scene *scene, const char *text)
{
    if (!scene->run)
        return reply_say(REPLY_REFUSED, "no run is chosen");
    return reply_text(*text != '\0' ? REPLY_SHARE_FILE : REPLY_SHARE, text);
}

static Reply do_metrics(const Scene *scene, const char *text)
{
    for (int i = 0; i < scene->snapshot->runs; i++)
        if (scene->snapshot->run[i]->metrics > 0)
            return reply_text(REPLY_METRICS, text);
    return reply_say(REPLY_REFUSED, "no run was evaluated yet");
}

static Reply do_alert(const Scene *scene, const char *text)
{
    (void)scene;
    if (*text == '\0') {
        return reply_say(REPLY_REFUSED, "a condition to ring for, such as shift>2 or "
                                        "plateau<0.01 and progress>0.3; or off");
    }
    return reply_text(REPLY_ALERT, strcmp(text, "off") == 0 ? "" : text);
}

static Reply do_lesson(const Scene *scene, const char *text)
{
    static const char *const known[] = {[LESSON_NEXT] = "next",
                                        [LESSON_BACK] = "back",
                                        [LESSON_RESET] = "reset",
                                        [LESSON_LEAVE] = "leave"};
    (void)scene;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(text, known[i]) == 0)
            return (Reply){.kind = REPLY_LESSON, .lesson = (LessonMove)i};
    return reply_say(REPLY_REFUSED, "lesson next, back, reset or leave");
}

static Reply do_help(const Scene *scene, const char *text)
{
    (void)scene;
    return reply_text(REPLY_HELP, *text == '\0' ? ":" : text);
}

static Reply do_explain(const Scene *scene, const char *text)
{
    char name[64], meaning[EXPLAINED_SIZE];
    (void)scene;
    if (*text == '\0' || strcmp(text, "here") == 0)
        return (Reply){.kind = REPLY_EXPLAIN};
    if (!glossary_find(text, 0, 0, name, meaning)) {
        return reply_say(REPLY_REFUSED,
                         "%.60s: no such word; explain here lists those of this view", text);
    }
    return reply_text(REPLY_EXPLAIN, text);
}

static Reply do_output(const Scene *scene, const char *text)
{
    (void)text;
    if (!scene->run || !scene->run->output)
        return reply_say(REPLY_REFUSED, "no program that was started from here printed anything");
    return (Reply){.kind = REPLY_OUTPUT};
}

/* ---- What can be completed ---- */

static const char *option_param(const Scene *scene, int n, char *room, size_t size)
{
    ParamInfoView *params = NULL;
    int count = scene->run ? run_params(scene->run, &params) : engine_params(&params);
    const char *found = NULL;
    if (n < count) {
        snprintf(room, size, "%s.%s=", params[n].section, params[n].key);
        found = room;
    }
    free(params);
    return found;
}

static const char *option_preset(const Scene *scene, int n, char *room, size_t size)
{
    (void)scene;
    PresetInfo *presets = NULL;
    int count = engine_presets(&presets);
    const char *found = NULL;
    if (n < count) {
        snprintf(room, size, "%s", presets[n].name);
        found = room;
    }
    free(presets);
    return found;
}

static const char *option_run(const Scene *scene, int n, char *room, size_t size)
{
    if (n >= scene->snapshot->runs)
        return NULL;
    snprintf(room, size, "%s", scene->snapshot->run[n]->name);
    return room;
}

static const char *option_curve(const Scene *scene, int n, char *room, size_t size)
{
    if (!scene->run || n >= scene->run->loss_terms)
        return NULL;
    snprintf(room, size, "%s", scene->run->term[n].name);
    return room;
}

static const char *option_view(const Scene *scene, int n, char *room, size_t size)
{
    for (int i = 0; i <= n; i++)
        if (!scene->views || !scene->views[i])
            return NULL;
    snprintf(room, size, "%s", scene->views[n]);
    return room;
}

static const char *option_term(const Scene *scene, int n, char *room, size_t size)
{
    (void)scene;
    if (n > term_count)
        return NULL;
    snprintf(room, size, "%s", n == 0 ? "here" : terms[n - 1].name);
    return room;
}

/* clang-format off */
const CommandRow command_rows[] = {
    {"set",            "section.key=value ...",          "change parameters of the run from its next step",
     true,                                                                                                                         do_set,          option_param, REPLY_NONE},
    {"fork",           "[STEP] [section.key=value ...]",
     "branch a new run from a checkpoint, changed",                                                                         true,  do_fork,         option_param, REPLY_NONE},
    {"new",            "PRESET [section.key=value ...]", "start a preset, changed",                                         true,  do_new,
     option_preset, REPLY_NONE},
    {"draw",           "",                               "draw where data are, and start a run on it",                      true,  NULL, NULL, REPLY_DRAW},
    {"seeds",          "1-5 PRESET [section.key=value ...]", "start a run of a preset for each seed: a group", true, do_seeds, option_preset, REPLY_NONE},
    {"start",          "",                               "go on",                                                           true,  do_start,        NULL, REPLY_NONE},
    {"pause",          "",                               "pause the run",                                                   true,  do_pause,        NULL, REPLY_NONE},
    {"step",           "[N]",                            "do N training steps, then pause",                                 true,  do_step,         NULL, REPLY_NONE},
    {"stop",           "",                               "save the run and let go of it; a program that trains it ends",    true,  do_stop,         NULL, REPLY_NONE},
    {"save",           "",                               "write a checkpoint",                                              true,  do_save,         NULL, REPLY_NONE},
    {"note",           "TEXT",                           "write a note at the cursor",                                      true,  command_line_note,      NULL, REPLY_NONE},
    {"save-display",   "FILE",                           "write the screen as text",                                        false, do_save_display, NULL, REPLY_NONE},
    {"save-picture",   "FILE.png|FILE.svg",                       "write what is on screen as a picture",                                     false, do_save_picture,
     NULL, REPLY_NONE},
    {"figure",         "FILE.svg|.png|.csv [slides]",      "write the curves of the runs shown, for paper or slides",         false, do_figure,       NULL, REPLY_NONE},
    {"view",           "NAME|NUMBER",                    "show a view",                                                     false, do_view,         option_view, REPLY_NONE},
    {"run",            "NUMBER|NAME",                    "choose a run",                                                    false, do_run,          option_run, REPLY_NONE},
    {"go",             "STEP|live",                      "put the cursor on a training step",                               false, do_go,           NULL, REPLY_NONE},
    {"stage",          "K|last",                              "put the cursor on a sampling stage; 0 is noise",                  false, do_stage,
     NULL, REPLY_NONE},
    {"curve",          "NAME",                           "choose the curve that Curves and Compare draw",                   false, do_curve,        option_curve, REPLY_NONE},
    {"seed",           "N|worst",                        "choose a sample, or the worst path's",                                                 false, do_seed,         NULL, REPLY_NONE},
    {"mouse",          "",                               "mouse on or off",                                                 false, NULL, NULL, REPLY_MOUSE},
    {"graphics",       "",                               "pictures as sixel, blocks, ASCII or off",                         false, NULL, NULL, REPLY_GRAPHICS},
    {"reset-graphics", "",                               "paint the screen again",                                          false, NULL, NULL, REPLY_REPAINT},
    {"alert",          "CONDITION|off",                  "ring the bell when a run comes to this",                          false, do_alert,
     NULL, REPLY_NONE},
    {"theme",          "auto|dark|light",                "colours for a dark or a light ground",                            false, do_theme,
     NULL, REPLY_NONE},
    {"palette",        "okabe-ito|tol|grey",             "colours of lines",                                                false, do_palette,      NULL, REPLY_NONE},
    {"share",          "[FILE]",                               "a line for the shell that brings this screen back: on the clipboard, or in a file",
     false,                                                                                                                        do_share,        NULL, REPLY_NONE},
    {"metrics",        "[FILE]",                         "the runs' metrics as a Markdown table, the best in bold: on the clipboard, or in a file",
     false,                                                                                                                        do_metrics,      NULL, REPLY_NONE},
    {"lesson",         "next|back|reset|leave",          "move in a lesson",                                                false, do_lesson,       NULL, REPLY_NONE},
    {"explain",        "here|WORD",                      "what a word on screen means, or all of this view's",              false, do_explain,      option_term, REPLY_NONE},
    {"help",           "[WORD]",                         "these commands; keys and commands that hold a word",              false, do_help,         NULL, REPLY_NONE},
    {"output",         "",                               "what the program that trains this run printed last",              false, do_output,     NULL, REPLY_NONE},
    {"quit",           "",                               "leave; asks when runs are live",                                  false, NULL, NULL, REPLY_QUIT},
};
/* clang-format on */
const int command_row_count = sizeof command_rows / sizeof *command_rows;

/* ---- Lines ---- */

const CommandRow *command_line_find(const char *name, size_t n)
{
    const CommandRow *found = NULL;
    int fitting = 0;
    for (int i = 0; i < command_row_count; i++) {
        if (strncmp(command_rows[i].name, name, n) == 0) {
            if (command_rows[i].name[n] == '\0')
                return &command_rows[i];
            found = &command_rows[i];
            fitting++;
        }
    }
    return fitting == 1 ? found : NULL;
}

Reply command_line_do(const Scene *scene, const char *line)
{
    char text[COMMAND_TEXT_SIZE * 2];
    line = skip_blanks(line);
    line += *line == ':';
    size_t n = strcspn(line, " \t");
    if (n == 0)
        return (Reply){.kind = REPLY_NONE};
    const CommandRow *word = command_line_find(line, n);
    if (!word) {
        return reply_say(REPLY_REFUSED, "%.*s: no such command; Tab lists them",
                         (int)(n > 40 ? 40 : n), line);
    }
    if (word->steers && scene->readonly)
        return reply_say(REPLY_REFUSED, "opened read-only: %s is asleep", word->name);
    snprintf(text, sizeof text, "%s", skip_blanks(line + n));
    for (size_t end = strlen(text); end > 0 && (text[end - 1] == ' ' || text[end - 1] == '\t');
         end--)
        text[end - 1] = '\0';
    return word->act ? word->act(scene, text) : (Reply){.kind = word->plain};
}
