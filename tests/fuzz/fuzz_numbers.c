/* Numbers, lists of them, options and "section.key=value": a line each. */
#include "app/base/job.h"
#include "app/base/options.h"
#include "app/terminal/outside.h"
#include "engine/base/number.h"
#include "engine/base/seeds.h"
#include "engine/distill/params.h"
#include "tests/fuzz/fuzz.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 40 };

static void read_number(const char *text)
{
    const char *at = text;
    long whole;
    int small, width, height;
    double real = 0;
    number_whole(text, -5, LONG_MAX, &whole);
    number_lead(&at, LONG_MIN, LONG_MAX, &whole);
    number_int(text, INT_MIN, 7, &small);
    number_pair(text, 1000, &width, &height);
    number_real(text, &real);
    number_floor(real, INT_MIN, INT_MAX, 0);
}

/* What is made of numbers. */
static void read_lists(const char *text)
{
    enum { SEEDS = 64 };
    long seed[SEEDS], last;
    int n;
    double seconds;
    uint8_t rgb[3];
    if (!seeds_read(text, SEEDS, seed, &n, NULL) && (n < 1 || n > SEEDS))
        abort();
    seeds_stem(text, &last);
    job_seconds(text, &seconds, NULL);
    outside_says_sixel(text);
    outside_ground(text, rgb);
}

int fuzz_numbers(const uint8_t *data, size_t size)
{
    static const CommandRow commands[] = {{.name = "run"}, {.name = NULL}};
    char *text = fuzz_text(data, size), *rest = text, *word[WORDS_MAX] = {"ddil", "run"};
    int words = 2;
    Options options;
    static Config blank;
    if (blank.n == 0)
        lab_config_init(&blank);
    Config config = blank;
    for (char *line; words < WORDS_MAX && (line = strtok_r(rest, "\n", &rest)); words++)
        word[words] = line;
    for (int i = 2; i < words; i++) {
        read_number(word[i]);
        read_lists(word[i]);
        config_set(&config, word[i], NULL);
    }
    options_parse(&options, commands, words, word, NULL);
    free(text);
    return 0;
}
