/* Owns the reading of the environment. See outside.h. */
#include "app/terminal/outside.h"

#include "engine/base/number.h"
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool outside_says_sixel(const char *answer)
{
    char features[512];
    int width = 0;
    const char *blank = strrchr(answer, ' ');
    if (!blank || !number_int(blank + 1, 1, 1000, &width))
        return false;
    snprintf(features, sizeof features, ",%.*s,", (int)(blank - answer), answer);
    return strstr(features, ",sixel,");
}

bool outside_takes_sixel(void)
{
    static const char question[] =
        "tmux display -p '#{client_termfeatures} #{client_cell_width}' 2>/dev/null </dev/null";
    const char *tmux = getenv("TMUX");
    char answer[512] = "";
    FILE *from = tmux && *tmux ? popen(question, "r") : NULL;
    if (!from)
        return true;
    struct pollfd wait = {fileno(from), POLLIN, 0};
    bool said = poll(&wait, 1, 1000) > 0 && fgets(answer, sizeof answer, from);
    pclose(from);
    answer[strcspn(answer, "\n")] = '\0';
    return said && outside_says_sixel(answer);
}

bool outside_ground(const char *colorfgbg, uint8_t rgb[3])
{
    int ground;
    const char *last = colorfgbg ? strrchr(colorfgbg, ';') : NULL;
    if (!last || !number_int(last + 1, 0, 15, &ground))
        return false;
    memset(rgb, ground == 7 || ground == 15 ? 255 : 0, 3);
    return true;
}

bool outside_takes_rgb(const char *colorterm, const char *term, const char *tmux)
{
    bool says = colorterm && (!strcmp(colorterm, "truecolor") || !strcmp(colorterm, "24bit"));
    bool in_screen = term && !strncmp(term, "screen", 6) && (!tmux || *tmux == '\0');
    return says && !in_screen;
}
