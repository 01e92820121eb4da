/* Presets that differ in a word of their name differ in nothing else but what that word says
 * (cli.md). */
#include "engine/data/classes.h"
#include "engine/data/labels.h"
#include "engine/distill/params.h"
#include "engine/nets/weights.h"
#include "tests/near.h"
#include <stdio.h>
#include <stdlib.h>
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

/* Without -reflected; what the teacher is told of the pictures is what it was trained on. */
static void test_twins_in_colour(void **state)
{
    (void)state;
    static const char *const methods_of[] = {"pd", "lcm", "dmd2"}, *const same[] = {
                                                                       "data.name", "data.path",
                                                                       "data.labels", "data.size",
                                                                       "data.channels"};
    static Config plain, ddil, teacher;
    read("emoji", "teacher", "", &teacher);
    for (int k = 0; k < 3; k++) {
        read("emoji", methods_of[k], "", &plain);
        read("emoji", methods_of[k], "-ddil", &ddil);
        assert_twins(methods_of[k], &plain, &ddil, mixture);
        assert_near(config_real(&plain, "source.beta_data"), 1, 0);
        for (int i = 0; i < 5; i++)
            assert_string_equal(config_value(&plain, config_find(&plain, same[i])),
                                config_value(&teacher, config_find(&teacher, same[i])));
    }
}

/* The shipped network and the shipped labels belong together. */
static void test_emoji_teacher_and_labels(void **state)
{
    (void)state;
    NetSpec spec;
    NamedLabels labels;
    int label[4096];
    const char *word[4096];
    Classes classes;
    assert_int_equal(weights_spec("assets/emoji-teacher.safetensors", &spec, NULL), STATUS_OK);
    assert_int_equal(named_labels_open(&labels, "assets/emoji-labels.csv", NULL), STATUS_OK);
    assert_in_range(labels.n, 1000, 4096);
    for (int k = 0; k < labels.n; k++)
        word[k] = labels.row[k].label;
    classes_open(&classes, labels.n, word, label);
    assert_true(spec.height == 32 && spec.width == 32 && spec.channels == 3);
    assert_int_equal(spec.classes, classes.n);
    assert_string_equal(classes.name[4], "hand"); /* the last that the distillers see */
    float *weights = malloc(sizeof *weights * net_size(&spec));
    assert_int_equal(weights_load("assets/emoji-teacher.safetensors", &spec, weights, NULL),
                     STATUS_OK);
    free(weights);
    classes_close(&classes);
    named_labels_close(&labels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_twins_in_colour),
        cmocka_unit_test(test_emoji_teacher_and_labels),
    };
    return cmocka_run_group_tests_name("twins", tests, NULL, NULL);
}
