/* The three networks side by side: what teacher and critic make of the student's samples diffused
 * again. */
#include "engine/show/gallery.h"
#include "tests/labs.h"
#include "tests/near.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAB(method)                                                                                \
    "[run]\nmethod = " method "\n[data]\nname = ring\n[net]\nwidth = 8\ndepth = 1\nfeatures = 8\n" \
    "[student]\ninit = random\nsteps = 2\n"

typedef struct Answer {
    Model *model;
    float v[2];
} Answer;

static void answer_param(void *context, const ParamInfo *info)
{
    const Answer *answer = context;
    if (!strcmp(info->name, "out.bias"))
        memcpy(answer->model->weights + info->offset, answer->v, sizeof answer->v);
}

/* The teacher of N(0, I) says alpha z, that is v = 0; a critic of one bias v stands -sigma v from
 * it, at every level and sample. */
static void test_critic_beside_teacher(void **state)
{
    (void)state;
    Bench *bench = bench_open(LAB("dmd2"), 2);
    Lab *lab = &bench->lab;
    Mixture law = {.n = 1, .deviation = 1, .labels = 1, .weight = {1}};
    lab->teacher.mixture = &law;
    bench_start(bench, 0);
    Answer answer = {lab->method->critic(lab), {0.5f, -0.25f}};
    memset(answer.model->weights, 0, answer.model->size * sizeof(float));
    net_list(&answer.model->spec, answer_param, &answer);
    Gallery *gallery = gallery_make(lab, 0, NULL, false),
            *again = gallery_make(lab, 1, gallery, false);
    const SamplesView *view = gallery_view(gallery), *same = gallery_view(again);
    assert_true(view->levels > 1);
    for (int l = 0; l < view->levels; l++) {
        double sigma = noise_at(lab->schedule, (double)view->level[l]).sigma;
        assert_true(l == 0 || view->level[l] < view->level[l - 1]);
        for (int k = 0; k < 2 * view->n; k++) {
            int at = 2 * l * view->n + k;
            assert_near(view->critic[at] - view->score[at], -sigma * (double)answer.v[k % 2], 1e-5);
        }
    }
    size_t bytes = sizeof(float) * (size_t)(view->levels * view->n * 2);
    assert_memory_equal(view->score, same->score, bytes); /* fixed seeds */
    char path[] = "/tmp/ddil-gallery-XXXXXX";
    Error error;
    close(mkstemp(path));
    assert_int_equal(gallery_save(gallery, path, &error), STATUS_OK);
    Gallery *read = gallery_load(path);
    unlink(path);
    assert_non_null(read);
    assert_int_equal(gallery_view(read)->levels, view->levels);
    assert_memory_equal(gallery_view(read)->critic, view->critic, bytes);
    assert_memory_equal(gallery_view(read)->score, view->score, bytes);
    gallery_drop(gallery);
    gallery_drop(again);
    gallery_drop(read);
    bench_close(bench);
}

static void test_none_without_a_critic(void **state)
{
    (void)state;
    Bench *bench = bench_open(LAB("pd"), 1);
    bench_start(bench, 0);
    Gallery *gallery = gallery_make(&bench->lab, 0, NULL, false);
    const SamplesView *view = gallery_view(gallery);
    assert_int_equal(view->levels, 0);
    assert_null(view->level);
    assert_null(view->critic);
    assert_null(view->score);
    gallery_drop(gallery);
    bench_close(bench);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_critic_beside_teacher),
        cmocka_unit_test(test_none_without_a_critic),
    };
    return cmocka_run_group_tests_name("gallery", tests, NULL, NULL);
}
