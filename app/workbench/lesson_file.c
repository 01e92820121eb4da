/* Owns the reading of lessons. See lesson_file.h. */
#include "app/workbench/lesson_file.h"

#include "engine/base/file.h"
#include "views/screen.h"
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LESSONS_MAX = 64, FILE_LIMIT = 1 << 20, LINE_MAX_CHARS = 2 * LESSON_TEXT - 48 };

typedef struct Reading {
    Lesson *lesson;
    int line;               /* counted by the reader */
    bool more;              /* a further line of the same value */
    int from[LESSON_STEPS]; /* the lines where the steps begin */
    char why[300];
} Reading;

static int complain(Reading *reading, const char *what, const char *text)
{
    snprintf(reading->why, sizeof reading->why, "%s%.100s", what, text);
    return 0;
}

/* A "when", and a "seen" without one before it, begin another case. */
static bool begin_case(Reading *reading, LessonStep *step, const char *key)
{
    bool when = strcmp(key, "when") == 0, seen = strcmp(key, "seen") == 0;
    const LessonCase *last = step->cases > 0 ? &step->seen[step->cases - 1] : NULL;
    if (reading->more || !(when || (seen && (!last || last->text[0] != '\0'))))
        return true;
    if (step->cases == LESSON_CASES)
        return complain(reading, "more cases than a step may have: ", key);
    step->cases++;
    return true;
}

static LessonStep *last_step(Lesson *lesson)
{
    return lesson->steps > 0 ? &lesson->step[lesson->steps - 1] : &lesson->step[0];
}

/* The place of a key: where its text goes. */
static char *place(Reading *reading, const char *section, const char *key, size_t *size)
{
    Lesson *lesson = reading->lesson;
    LessonStep *step = last_step(lesson);
    LessonCase *seen = &step->seen[step->cases > 0 ? step->cases - 1 : 0];
    const struct {
        const char *section, *key;
        char *text;
        size_t size;
        /* clang-format off */
    } rows[] = {
        {"lesson", "title",   lesson->title,   sizeof lesson->title  },
        {"lesson", "summary", lesson->summary, sizeof lesson->summary},
        {"lesson", "preset",  lesson->launch,  sizeof lesson->launch },
        {"lesson", "set",     lesson->launch,  sizeof lesson->launch },
        {"step",   "say",     step->say,       sizeof step->say      },
        {"step",   "do",      step->act,       sizeof step->act      },
        {"step",   "look",    step->look,      sizeof step->look     },
        {"step",   "until",   step->until,     sizeof step->until    },
        {"step",   "show",    step->show,      sizeof step->show     },
        {"step",   "when",    seen->when,      sizeof seen->when     },
        {"step",   "seen",    seen->text,      sizeof seen->text     },
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].section, section) == 0 && strcmp(rows[i].key, key) == 0) {
            *size = rows[i].size;
            return rows[i].text;
        }
    }
    return NULL;
}

/* A key's further lines come as further values of it. */
static bool append(char *text, size_t size, const char *value, const char *between)
{
    size_t used = strlen(text);
    int n = snprintf(text + used, size - used, "%s%s", used > 0 ? between : "", value);
    return n >= 0 && (size_t)n < size - used;
}

/* "run.steps=10  data.keep=1" one a line. */
static bool append_sets(char *text, size_t size, const char *value)
{
    char copy[COMMAND_TEXT_SIZE];
    char *rest = copy;
    snprintf(copy, sizeof copy, "%s", value);
    for (char *word; (word = strsep(&rest, " \t"));)
        if (*word != '\0' && !append(text, size, word, "\n"))
            return false;
    return true;
}

static int take(void *context, const char *section, const char *key, const char *value)
{
    Reading *reading = context;
    size_t size = 0;
    if (strcmp(section, "step") == 0 && !begin_case(reading, last_step(reading->lesson), key))
        return 0;
    char *text = place(reading, section, key, &size);
    if (!text) {
        return complain(reading,
                        "no such key; [lesson] has title, summary, preset, set; [step] "
                        "has say, do, look, until, show, when, seen; not ",
                        key);
    }
    bool fits =
        strcmp(key, "set") == 0 ? append_sets(text, size, value) : append(text, size, value, " ");
    return fits ? 1 : complain(reading, "too long a text: ", key);
}

/* A line at a time, so that each complaint knows its line and each [step] is a new one. */
static int take_line(Reading *reading, const char *line, char *key, char section[32])
{
    char single[2 * LESSON_TEXT], name[32];
    const char *text = line + strspn(line, " \t");
    if (*text == '\0' || *text == ';' || *text == '#')
        return 1;
    if (sscanf(text, "[%31[a-z]]", name) == 1) {
        snprintf(section, 32, "%s", name);
        key[0] = '\0';
        if (strcmp(name, "step") == 0 && reading->lesson->steps == LESSON_STEPS)
            return complain(reading, "more steps than a lesson may have", "");
        if (strcmp(name, "step") == 0)
            reading->from[reading->lesson->steps++] = reading->line;
        return 1;
    }
    reading->more = text != line && key[0] != '\0';
    if (reading->more)
        return take(reading, section, key, text);
    snprintf(single, sizeof single, "[%s]\n%s\n", section, text);
    if (sscanf(text, "%31[a-z]", key) != 1 || ini_parse_string(single, take, reading) != 0)
        return reading->why[0] != '\0' ? 0 : complain(reading, "write key = value: ", text);
    return 1;
}

/* ---- Is it whole? ---- */

static int complain_of(Reading *reading, const char *key, const char *text, const char *why)
{
    char complaint[280];
    snprintf(complaint, sizeof complaint, "%.150s (%s = %.100s)", why, key, text);
    return complain(reading, "", complaint);
}

static bool condition_good(Reading *reading, const char *key, const char *condition)
{
    LessonContext context = {.view = ""};
    char why[150];
    if (filter_holds(condition, lesson_value, &context, why, sizeof why) < 0)
        return complain_of(reading, key, condition, why);
    if (strcmp(key, "until") == 0 && strstr(condition, " or "))
        return complain_of(reading, key, condition, "parts are joined by \"and\" alone");
    return true;
}

static bool text_good(Reading *reading, const char *key, const char *text)
{
    char why[150];
    return lesson_fill_check(text, why, sizeof why) || complain_of(reading, key, text, why);
}

/* Commands that only look, tried on a screen that shows nothing. */
static bool commands_good(Reading *reading, const char *key, const char *commands)
{
    static const Snapshot nothing;
    char copy[LESSON_LINE], *rest = copy;
    Screen *screen = screen_new(&(ScreenOptions){.readonly = true});
    bool good = true;
    snprintf(copy, sizeof copy, "%s", commands);
    for (char *word; good && (word = strsep(&rest, ";"));) {
        word += strspn(word, " ");
        if (strncmp(word, "curve ", strlen("curve ")) == 0)
            continue; /* of a run that is still to come */
        Reply reply = screen_command(screen, &nothing, word);
        good = reply.kind == REPLY_NONE;
        if (!good)
            complain_of(reading, key, word,
                        reply.say[0] != '\0' ? reply.say : "a command that does more than look");
    }
    screen_free(screen);
    return good;
}

static bool step_good(Reading *reading, const LessonStep *step)
{
    if (step->act[0] == '\0')
        return complain(reading, "a [step] without do = : ", step->say);
    bool good = condition_good(reading, "until", step->until) &&
                text_good(reading, "say", step->say) && text_good(reading, "do", step->act) &&
                commands_good(reading, "look", step->look) &&
                commands_good(reading, "show", step->show);
    for (int i = 0; i < step->cases && good; i++) {
        const LessonCase *seen = &step->seen[i];
        good =
            condition_good(reading, "when", seen->when) && text_good(reading, "seen", seen->text);
        if (good && seen->text[0] == '\0')
            good = complain_of(reading, "when", seen->when, "a case without seen =");
    }
    return good;
}

/* Everything a lesson must have. */
static bool whole(Reading *reading)
{
    const Lesson *lesson = reading->lesson;
    bool good = true;
    if (lesson->title[0] == '\0' || lesson->steps == 0)
        return complain(reading, "a lesson needs a title and at least one [step]", "");
    for (int i = 0; i < lesson->steps && good; i++) {
        reading->line = reading->from[i];
        good = step_good(reading, &lesson->step[i]);
    }
    return good;
}

/* Every line of the text, which it cuts. */
static bool take_lines(Reading *reading, char *text)
{
    char key[32] = "", section[32] = "";
    text += strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* a byte-order mark */
    while (text && *text != '\0') {
        char *line = strsep(&text, "\n");
        reading->line++;
        line[strcspn(line, "\r")] = '\0';
        if (strlen(line) > LINE_MAX_CHARS)
            return complain(reading, "too long a line: ", line);
        if (!take_line(reading, line, key, section))
            return false;
    }
    return true;
}

static Status read_lesson(Reading *reading, const char *path, char *text, Error *error)
{
    if (!take_lines(reading, text) || !whole(reading))
        return fail(error, STATUS_BAD_INPUT, "%s:%d: %s", path, reading->line, reading->why);
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *end = strrchr(base, '.') ? strrchr(base, '.') : base + strlen(base);
    snprintf(reading->lesson->name, sizeof reading->lesson->name, "%.*s", (int)(end - base), base);
    return STATUS_OK;
}

Status lesson_read(const char *path, Lesson *lesson, Error *error)
{
    char *text;
    size_t size;
    Status status = file_read_text(path, FILE_LIMIT, &text, &size, error);
    if (status)
        return status;
    *lesson = (Lesson){0};
    Reading reading = {.lesson = lesson};
    status = read_lesson(&reading, path, text, error);
    free(text);
    return status;
}

static int is_lesson(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);
    return n > 4 && strcmp(entry->d_name + n - 4, ".ini") == 0;
}

Status lessons_read(const char *folder, Lesson **lessons, int *n, Error *error)
{
    struct dirent **names = NULL;
    int found = scandir(folder, &names, is_lesson, alphasort);
    Status status = STATUS_OK;
    *n = 0;
    *lessons = calloc(LESSONS_MAX, sizeof **lessons);
    need(*lessons);
    for (int i = 0; i < found; i++) {
        char path[1024];
        file_join(path, folder, names[i]->d_name);
        if (status == STATUS_OK && *n < LESSONS_MAX) {
            status = lesson_read(path, &(*lessons)[*n], error);
            *n += status == STATUS_OK;
        }
        free(names[i]);
    }
    free(names);
    if (status != STATUS_OK || found < 0) {
        free(*lessons);
        *lessons = NULL;
        *n = 0;
    }
    return found < 0 ? fail(error, status_of(errno), "%s: %s", folder, strerror(errno)) : status;
}
