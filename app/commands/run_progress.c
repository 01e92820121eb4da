/* Owns the progress of run, resume and fork. See run_progress.h. */
#include "app/commands/run_progress.h"

#include "app/base/say.h"
#include "engine/base/clock.h"
#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR = 16, LINE = 160, LINES = 20 }; /* lines a run where there is no terminal */
static const double bar_every_s = 0.1, line_every_s = 20;

Progress progress_start(const Options *options)
{
    double now = clock_s();
    return (Progress){
        .shown = !options->quiet, .bar = isatty(STDERR_FILENO), .start = now, .last = now};
}

static int append(char text[LINE], int used, const char *format, double value)
{
    if (isfinite(value))
        used += snprintf(text + used, (size_t)(LINE - used), format, value);
    return used < LINE ? used : LINE - 1;
}

static void describe(const RunView *view, char text[LINE])
{
    int used = snprintf(text, LINE, "%ld/%ld", view->step, view->steps);
    used = append(text, used, "  loss %-9.4g", view->smooth_loss);
    used = append(text, used, " shift %-6.3g", view->shift);
    used = append(text, used, " %5.4g steps/s", view->steps_per_s);
    double spent = view->nfe_teacher + view->nfe_student + view->nfe_critic;
    if (view->budget > 0)
        used = append(text, used, " %4.0f %% of the budget", 100 * spent / view->budget);
    if (view->seconds_left >= 1)
        append(text, used, " %4.0f s left", view->seconds_left);
}

/* Columns of the terminal that standard error is. */
static int terminal_width(void)
{
    struct winsize size = {0};
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80;
}

/* One line that never wraps: a wrapped one cannot be overwritten. */
static void print_bar(const RunView *view)
{
    char text[LINE], bar[BAR + 1] = {0};
    int filled = view->steps > 0 ? (int)(BAR * view->step / view->steps) : 0;
    int room = terminal_width() - BAR - 4;
    memset(bar, '.', BAR);
    memset(bar, '#', (size_t)(filled < BAR ? filled : BAR));
    describe(view, text);
    fprintf(stderr, "\r[%s] %.*s\033[K", bar, room > 0 ? room : 0, text);
}

static void print_line(const RunView *view)
{
    char text[LINE];
    describe(view, text);
    fprintf(stderr, "step %s\n", text);
}

void progress_show(Progress *progress, Run *run)
{
    double now = clock_s(), waited = now - progress->last;
    bool due = progress->bar ? waited >= bar_every_s
                             : run_step(run) >= progress->line || waited >= line_every_s;
    if (!progress->shown || !due)
        return;
    const RunView *view = run_view(run);
    if (progress->bar)
        print_bar(view);
    else if (view->step > 0 || waited >= line_every_s)
        print_line(view);
    progress->last = now;
    long interval = view->steps / LINES > 0 ? view->steps / LINES : 1;
    progress->line = (view->step / interval + 1) * interval;
    run_view_drop(view);
    say_to_nobody(stderr);
}

void progress_end(const Progress *progress)
{
    if (progress->shown && progress->bar)
        fputs("\r\033[K", stderr);
}

/* What asks for attention, on lines of its own. */
void progress_warn(const Progress *progress, Run *run)
{
    for (const char *text; (text = run_warning(run));) {
        if (!progress->shown)
            continue;
        progress_end(progress);
        say(stderr, "%s\n", text);
    }
}
