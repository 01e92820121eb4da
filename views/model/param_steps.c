/* Owns the steps by which values are nudged. See param_steps.h. */
#include "views/model/param_steps.h"
#include "engine/base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum Rule {
    RULE_EVEN,    /* multiples of `step` */
    RULE_DECADES, /* 1, 2, 5 times powers of ten, and the table's own low end */
    RULE_DECAY,   /* decades of what is missing to 1: 0.9, 0.95, 0.98, 0.99 */
} Rule;

/* How far it usually goes; the table's own range is often wider. */
typedef struct Usual {
    const char *section, *key;
    Rule rule;
    double low, high, step;
} Usual;

/* clang-format off */
static const Usual usual_rows[] = {
    {"optimizer", "lr",           RULE_DECADES, 1e-6, 1e-1, 0   },
    {"optimizer", "weight_decay", RULE_DECADES, 1e-5, 1,    0   },
    {"optimizer", "clip",         RULE_DECADES, 1e-2, 1e2,  0   },
    {"student",   "pretrain_lr",  RULE_DECADES, 1e-6, 1e-1, 0   },
    {"source",    "beta_data",    RULE_EVEN,    0,    1,    0.05},
    {"source",    "beta_teacher", RULE_EVEN,    0,    1,    0.05},
    {"source",    "beta_student", RULE_EVEN,    0,    1,    0.05},
    {"source",    "refresh",      RULE_DECADES, 1,    1e3,  0   },
    {"source",    "max_age",      RULE_DECADES, 10,   1e5,  0   },
    {"threshold", "low",          RULE_EVEN,    -4,   4,    0.1 },
    {"threshold", "high",         RULE_EVEN,    -4,   4,    0.1 },
    {"teacher",   "guidance",     RULE_EVEN,    0,    8,    0.25},
    {"run",       "steps",        RULE_DECADES, 100,  1e6,  0   },
    {"lcm",       "huber_c",      RULE_DECADES, 1e-5, 1,    0   },
};
/* clang-format on */

static bool is_number(const ParamInfoView *param)
{
    return param->type == PARAM_INT || param->type == PARAM_REAL;
}

/* For rows the table above does not name. */
static Usual guess(const ParamInfoView *param)
{
    double low = param->low, high = param->high;
    if (low == 0 && high < 1 && high >= 0.99)
        return (Usual){.rule = RULE_DECAY, .low = 0, .high = high};
    if (param->type == PARAM_INT && high - low <= 64)
        return (Usual){.rule = RULE_EVEN, .low = low, .high = high, .step = 1};
    if (param->type == PARAM_REAL && high - low <= 20) {
        return (Usual){
            .rule = RULE_EVEN, .low = low, .high = high, .step = high - low <= 1 ? 0.05 : 0.25};
    }
    double least = param->type == PARAM_INT ? 1 : 1e-4;
    return (Usual){.rule = RULE_DECADES, .low = fmax(low, least), .high = fmin(high, 1e6)};
}

static Usual usual_of(const ParamInfoView *param)
{
    for (size_t i = 0; i < sizeof usual_rows / sizeof *usual_rows; i++)
        if (strcmp(usual_rows[i].section, param->section) == 0 &&
            strcmp(usual_rows[i].key, param->key) == 0)
            return usual_rows[i];
    return guess(param);
}

/* ---- Steps ---- */

static double mantissa(double value, double *power)
{
    *power = pow(10, floor(log10(value) + 1e-9));
    return value / *power;
}

/* The next of ..., 1, 2, 5, 10, ... above or below a positive value. */
static double step_125(double value, int by)
{
    double power, m = mantissa(value, &power);
    static const double ladder[] = {0.5, 1, 2, 5, 10};
    for (int i = 0; by > 0 && i < 5; i++)
        if (ladder[i] > m * (1 + 1e-6))
            return ladder[i] * power;
    for (int i = 4; by < 0 && i >= 0; i--)
        if (ladder[i] < m * (1 - 1e-6))
            return ladder[i] * power;
    return value;
}

static double tenfold(int by) { return by > 0 ? 10 : 0.1; }

/* Below the usual low end stands the table's own, often 0 for "none". */
static double step_decades(const ParamInfoView *param, const Usual *usual, double value, int by,
                           bool big)
{
    if (value < usual->low)
        return by > 0 ? usual->low : param->low;
    double next = big ? value * tenfold(by) : step_125(value, by);
    return next < usual->low * (1 - 1e-9) ? param->low : next;
}

static double step_decay(const ParamInfoView *param, double value, int by, bool big)
{
    double missing = 1 - value, least = 1 - param->high;
    missing = big ? missing * tenfold(-by) : step_125(missing, -by);
    missing = fmax(fmin(missing, 1 - param->low), least);
    return 1 - missing;
}

static double step_even(const Usual *usual, double value, int by, bool big)
{
    double at = value / usual->step;
    at = by > 0 ? floor(at + 1e-6) + 1 : ceil(at - 1e-6) - 1;
    double next = (at + (big ? 9 * by : 0)) * usual->step;
    bool inside = value >= usual->low && value <= usual->high;
    return inside ? fmin(fmax(next, usual->low), usual->high) : next;
}

static bool step_number(const ParamInfoView *param, const char *now, int by, bool big,
                        char next[VALUE_SIZE])
{
    Usual usual = usual_of(param);
    double value = number_value(now, 0), moved = value;
    switch (usual.rule) {
    case RULE_EVEN: moved = step_even(&usual, value, by, big); break;
    case RULE_DECADES: moved = step_decades(param, &usual, value, by, big); break;
    case RULE_DECAY: moved = step_decay(param, value, by, big); break;
    }
    moved = fmin(fmax(moved, param->low), param->high);
    if (param->type == PARAM_INT)
        moved = round(moved);
    snprintf(next, VALUE_SIZE, param->type == PARAM_INT ? "%.0f" : "%.7g", moved + 0.0);
    return (moved - value) * by > 1e-9 * fabs(value);
}

/* ---- Words ---- */

static bool step_choice(const char *words, const char *now, int by, char next[VALUE_SIZE])
{
    int n = 0, chosen = -1;
    char word[VALUE_SIZE];
    for (const char *at = words; *at != '\0'; n++) {
        size_t span = strcspn(at, "|");
        snprintf(word, sizeof word, "%.*s", (int)span, at);
        chosen = strcmp(word, now) == 0 ? n : chosen;
        at += span + (at[span] == '|');
    }
    int wanted = chosen + by;
    if (wanted < 0 || wanted >= n)
        return false;
    for (int i = 0; i < wanted; i++)
        words += strcspn(words, "|") + 1;
    snprintf(next, VALUE_SIZE, "%.*s", (int)strcspn(words, "|"), words);
    return true;
}

bool param_step(const ParamInfoView *param, const char *now, int by, bool big,
                char next[VALUE_SIZE])
{
    if (is_number(param))
        return step_number(param, now, by, big, next);
    if (param->type == PARAM_CHOICE)
        return step_choice(param->choices, now, by, next);
    return param->type == PARAM_BOOL && step_choice("no|yes", now, by, next);
}

/* ---- Sliders ---- */

bool slider_ends(const ParamInfoView *param, double *low, double *high)
{
    if (!is_number(param))
        return false;
    Usual usual = usual_of(param);
    *low = usual.low > param->low ? usual.low : param->low;
    *high = usual.high < param->high ? usual.high : param->high;
    return *high > *low;
}

static double clamped(double part) { return fmin(fmax(part, 0), 1); }

double slider_part(const ParamInfoView *param, const char *text)
{
    double low, high, value = number_value(text, 0);
    if (!slider_ends(param, &low, &high))
        return 0;
    switch (usual_of(param).rule) {
    case RULE_DECADES: return value <= low ? 0 : clamped(log(value / low) / log(high / low));
    case RULE_DECAY: return value >= 1 ? 1 : clamped(log(1 - value) / log(1 - high));
    case RULE_EVEN: break;
    }
    return clamped((value - low) / (high - low));
}
