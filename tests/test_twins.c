/* Presets that differ in a word of their name differ in nothing else but what that word says
 * (cli.md). */
#include "engine/distill/params.h"
#include "tests/near.h"
#include <stdio.h>
#include <string.h>

static void read(const char *data, const char *method, const char *words, Config *config)
{
    char name[64];
    Error error = {{0}};
    snprintf(name, sizeof name, "%s-%s%s", data, method, words);
    lab_config_init(config);
    if (lab_config_preset(config, name, &error) || lab_config_check(config, &error))
        fail_msg("%s", error.text);
}

/* "section.key" is what -ddil, or -reflected, is about. */
static bool mixture(const char *section, const char *key)
{
    return !strcmp(section, "source") && !strncmp(key, "beta_", 5) &&
           strcmp(key, "beta_floor") != 0;
}

static bool thresholds(const char *section, const char *key)
{
    (void)key;
    return !strcmp(section, "threshold");
}

/* a and b differ, and only where `in` says. */
static void assert_twins(const char *what, const Config *a, const Config *b,
                         bool (*in)(const char *, const char *))
{
    int differences = 0;
    for (int i = 0; i < a->n; i++) {
        const ParamRow *row = a->row[i];
        if (!strcmp(config_value(a, i), config_value(b, i)))
            continue;
        if (!in(row->section, row->key))
            fail_msg("%s: %s.%s is %s in one and %s in the other", what, row->section, row->key,
                     config_value(a, i), config_value(b, i));
        differences++;
    }
    assert_true(differences > 0);
}

static void test_twins(void **state)
{
    (void)state;
    static const char *const data[] = {"ring", "moons", "fashion"}, *const methods_of[] = {
                                                                        "pd", "lcm", "dmd2"};
    static Config plain, ddil, reflected, both;
    for (int k = 0; k < 9; k++) {
        char what[64];
        snprintf(what, sizeof what, "%s-%s", data[k / 3], methods_of[k % 3]);
        read(data[k / 3], methods_of[k % 3], "", &plain);
        read(data[k / 3], methods_of[k % 3], "-ddil", &ddil);
        read(data[k / 3], methods_of[k % 3], "-reflected", &reflected);
        read(data[k / 3], methods_of[k % 3], "-reflected-ddil", &both);
        assert_twins(what, &plain, &ddil, mixture);
        assert_twins(what, &reflected, &both, mixture);
        assert_twins(what, &plain, &reflected, thresholds);
        assert_twins(what, &ddil, &both, thresholds);
        assert_string_equal(config_text(&plain, "threshold.kind"), "none");
        assert_near(config_real(&plain, "source.beta_data"), 1, 0);
        assert_true(config_real(&ddil, "source.beta_student") > 0 &&
                    config_real(&ddil, "source.beta_teacher") > 0);
        bool ring = k < 3, moons = k >= 3 && k < 6;
        assert_int_equal(*config_text(&plain, "data.keep") != 0,
                         !moons); /* methods.md 11.5: data withheld, or guidance */
        assert_true(ring || config_real(&plain, "teacher.guidance") > 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_twins),
    };
    return cmocka_run_group_tests_name("twins", tests, NULL, NULL);
}
