/* Owns the grammar of conditions and the names of a run's values. See filter.h. */
#include "views/model/filter.h"
#include "engine/base/number.h"

#include "views/model/series.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct Parse {
    const char *at;
    FilterLookup *lookup;
    const void *context;
    char *why;
    size_t why_size;
    bool bad;
} Parse;

static bool complain(Parse *parse, const char *what, const char *text)
{
    if (!parse->bad)
        snprintf(parse->why, parse->why_size, "%s%.60s", what, text);
    parse->bad = true;
    return false;
}

/* ---- Tokens ---- */

static bool in_word(char c) { return c != '\0' && !strchr(" \t()=<>!~\"", c); }

static void skip(Parse *parse) { parse->at += strspn(parse->at, " \t"); }

static bool take_word(Parse *parse, char *word, size_t size)
{
    size_t n = 0;
    skip(parse);
    const char *end = parse->at;
    while (in_word(*end))
        end++;
    n = (size_t)(end - parse->at);
    if (n == 0 || n >= size)
        return false;
    memcpy(word, parse->at, n);
    word[n] = '\0';
    parse->at = end;
    return true;
}

static bool take_quoted(Parse *parse, char *word, size_t size)
{
    const char *end = strchr(parse->at + 1, '"');
    if (!end || (size_t)(end - parse->at) > size)
        return complain(parse, "a quote without an end: ", parse->at);
    snprintf(word, size, "%.*s", (int)(end - parse->at - 1), parse->at + 1);
    parse->at = end + 1;
    return true;
}

/* "and", "or" when it stands here as a word of its own. */
static bool take_joint(Parse *parse, const char *joint)
{
    size_t n = strlen(joint);
    skip(parse);
    if (strncasecmp(parse->at, joint, n) != 0 || in_word(parse->at[n]))
        return false;
    parse->at += n;
    return true;
}

typedef enum Operator { IS, IS_NOT, AT_MOST, BELOW, AT_LEAST, ABOVE, CONTAINS, ALONE } Operator;

static Operator take_operator(Parse *parse)
{
    static const struct {
        const char *text;
        Operator operator;
        /* clang-format off */
    } rows[] = {
        {"==", IS      },
        {"!=", IS_NOT  },
        {"<=", AT_MOST },
        {">=", AT_LEAST},
        {"=",  IS      },
        {"<",  BELOW   },
        {">",  ABOVE   },
        {"~",  CONTAINS}
    };
    /* clang-format on */
    skip(parse);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i].text);
        if (strncmp(parse->at, rows[i].text, n) == 0) {
            parse->at += n;
            return rows[i].operator;
        }
    }
    return ALONE;
}

/* ---- Meaning ---- */

static bool compare(Operator operator, double a, double b)
{
    switch (operator) {
    case AT_MOST: return a <= b;
    case BELOW: return a < b;
    case AT_LEAST: return a >= b;
    case ABOVE: return a > b;
    case IS: return a == b;
    default: return a != b;
    }
}

static bool has_word(const char *text, const char *word, size_t n)
{
    for (; *text != '\0'; text++)
        if (strncasecmp(text, word, n) == 0)
            return true;
    return false;
}

static bool contains(const char *text, const char *part)
{
    return *part == '\0' || has_word(text, part, strlen(part));
}

static bool stands(const FilterValue *value)
{
    return isnan(value->number) ? value->text[0] != '\0' && strcmp(value->text, "no") != 0
                                : value->number != 0;
}

static bool judge(Parse *parse, const char *name, const FilterValue *value, Operator operator,
                  const char * wanted)
{
    double number = NAN;
    bool is_number = number_real(wanted, &number);
    FilterValue other;
    if (!is_number && operator!= IS && operator!= IS_NOT && operator!= CONTAINS &&
                      parse->lookup(parse->context, wanted, &other)) {
        number = other.number;
        is_number = true;
    }
    switch (operator) {
    case CONTAINS: return contains(value->text, wanted);
    case IS:
    case IS_NOT:
        if (!is_number || isnan(value->number))
            return (strcasecmp(value->text, wanted) == 0) == (operator== IS);
        break;
    default:
        if (!is_number)
            return complain(parse, "a number is needed behind ", name);
    }
    return compare(operator, value->number, number); /* nothing compares with NaN */
}

static bool one(Parse *parse)
{
    char name[64], wanted[96] = "";
    FilterValue value;
    if (!take_word(parse, name, sizeof name))
        return complain(parse, "a name is missing, as in state=live and lr>=1e-3: ", parse->at);
    if (!parse->lookup(parse->context, name, &value))
        return complain(parse, "no such name: ", name);
    Operator operator= take_operator(parse);
    if (operator== ALONE)
        return stands(&value);
    skip(parse);
    bool taken = *parse->at == '"' ? take_quoted(parse, wanted, sizeof wanted)
                                   : take_word(parse, wanted, sizeof wanted);
    if (!taken)
        return complain(parse, "a value is missing behind ", name);
    return judge(parse, name, &value, operator, wanted);
}

static bool all(Parse *parse)
{
    bool holds = one(parse);
    while (!parse->bad && take_joint(parse, "and")) {
        bool next = one(parse);
        holds = holds && next;
    }
    return holds;
}

int filter_holds(const char *condition, FilterLookup *lookup, const void *context, char *why,
                 size_t why_size)
{
    Parse parse = {condition, lookup, context, why, why_size, false};
    why[0] = '\0';
    skip(&parse);
    if (*parse.at == '\0')
        return 1;
    bool holds = all(&parse);
    while (!parse.bad && take_joint(&parse, "or")) {
        bool next = all(&parse);
        holds = holds || next;
    }
    skip(&parse);
    if (!parse.bad && *parse.at != '\0')
        complain(&parse, "'and' or 'or' is missing before ", parse.at);
    return parse.bad ? -1 : holds;
}

/* ---- A run ---- */

void filter_number(FilterValue *value, double number)
{
    value->number = number;
    snprintf(value->text, sizeof value->text, "%.9g", number);
}

void filter_text(FilterValue *value, const char *text)
{
    value->number = number_value(text, NAN);
    snprintf(value->text, sizeof value->text, "%s", text);
}

static bool run_text(const RunView *run, const char *name, FilterValue *value)
{
    const char *state = strcmp(name, "state") == 0 ? RUN_STATE_WORDS[run->state] : NULL;
    const struct {
        const char *name, *text;
        /* clang-format off */
    } rows[] = {
        {"name",   run->name  },
        {"method", run->method},
        {"data",   run->data  },
        {"note",   run->note  },
        {"state",  state      }
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            filter_text(value, rows[i].text);
            value->number = NAN;
            return true;
        }
    }
    return false;
}

/* The smoothed loss at the last row logged at or before a step. */
static double smooth_loss_at(const RunView *run, long step)
{
    long row = series_row(&run->term[0].series, step);
    return row < 0 ? NAN : series_smooth(&run->term[0].series, row, SMOOTHINGS);
}

/* By what part the smoothed loss changed over the last fifth of the steps taken. */
static double plateau(const RunView *run)
{
    if (run->loss_terms < 1 || run->step < 5)
        return NAN;
    double now = smooth_loss_at(run, run->step),
           then = smooth_loss_at(run, run->step - run->step / 5);
    return fabs(now - then) / fabs(then);
}

static bool run_number(const RunView *run, const char *name, FilterValue *value)
{
    const struct {
        const char *name;
        double number;
        /* clang-format off */
    } rows[] = {
        {"run",        run->id                                                    },
        {"step",       (double)run->step                                          },
        {"steps",      (double)run->steps                                         },
        {"progress",   run->steps > 0 ? (double)run->step / (double)run->steps : 0},
        {"plateau",    plateau(run)                                               },
        {"loss",       run->smooth_loss                                           },
        {"shift",      run->shift                                                 },
        {"lr",         run->lr                                                    },
        {"nfe",        run->nfe                                                   },
        {"parent",     run->parent                                                },
        {"parent_step", (double)run->parent_step                                  },
        {"forked",     run->parent > 0                                            },
        {"marks",      run->marks                                                 },
        {"metrics",    run->metrics                                               },
        {"frontier",   run->trades                                                },
        {"speed",      run->steps_per_s                                           },
        {"checkpoint", (double)run->checkpoint                                    },
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            filter_number(value, rows[i].number);
            return true;
        }
    }
    return false;
}

/* "section.key", or a key that only one section has. */
static int find_param(const ParamInfoView *params, int n, const char *name)
{
    int found = -1;
    for (int i = 0; i < n; i++) {
        char full[80];
        snprintf(full, sizeof full, "%s.%s", params[i].section, params[i].key);
        if (strcmp(full, name) == 0)
            return i;
        if (strcmp(params[i].key, name) == 0)
            found = found == -1 ? i : -2;
    }
    return found;
}

static bool run_param(const RunView *run, const char *name, FilterValue *value)
{
    ParamInfoView *params = NULL;
    int n = run_params(run, &params), found = find_param(params, n, name);
    free(params);
    if (found < 0)
        return false;
    filter_text(value, found < run->params ? run->param[found] : "");
    return true;
}

static bool run_metric(const RunView *run, const char *name, FilterValue *value)
{
    for (int i = 0; i < run->metrics; i++) {
        if (strcmp(run->metric[i].name, name) == 0) {
            filter_number(value, run->metric[i].value);
            return true;
        }
    }
    static const char *const later[] = {"sw2", "energy", "modes", "within3sigma", "mode_kl"};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        if (strcmp(later[i], name) == 0) { /* not judged yet */
            filter_number(value, NAN);
            return true;
        }
    }
    return false;
}

bool filter_run(const void *run_view, const char *name, FilterValue *value)
{
    const RunView *run = run_view;
    return run_text(run, name, value) || run_number(run, name, value) ||
           run_metric(run, name, value) || run_param(run, name, value);
}

/* ---- Words ---- */

static bool run_says(const RunView *run, const char *word, size_t n)
{
    static const char *const names[] = {"run", "name", "method", "data", "state"};
    FilterValue value;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (filter_run(run, names[i], &value) && has_word(value.text, word, n))
            return true;
    for (int i = 0; i < run->marks; i++)
        if (has_word(run->mark[i].text, word, n))
            return true;
    return has_word(run->note, word, n);
}

bool filter_text_holds(const char *text, const char *words)
{
    words += strspn(words, " ");
    for (size_t n; (n = strcspn(words, " ")) > 0; words += n + strspn(words + n, " "))
        if (!has_word(text, words, n))
            return false;
    return true;
}

int filter_run_fits(const char *text, const RunView *run, char *why, size_t why_size)
{
    FilterValue value;
    const char *word = text + strspn(text, " ");
    if (strpbrk(text, "=<>!~\"()") || filter_run(run, word, &value))
        return filter_holds(text, filter_run, run, why, why_size);
    for (size_t n; (n = strcspn(word, " ")) > 0; word += n + strspn(word + n, " "))
        if (!run_says(run, word, n))
            return 0;
    return 1;
}
