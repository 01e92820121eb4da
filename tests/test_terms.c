/* Columns of metrics.csv: the method's terms, the losses by origin, what thresholding did; through
 * tweaks, a resume, and the rounds of progressive distillation. */
#include "tests/near.h"
#include "tests/runs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIXED   "step,loss,grad_norm,lr"
#define ORIGINS ",loss_data,loss_teacher,loss_student"
#define LAST    ",loss_var,grad_var,nfe_teacher,nfe_student,nfe_critic"

static void assert_columns(const char *folder, const char *expected)
{
    char *text = log_text(folder, "metrics.csv");
    text[strcspn(text, "\n")] = 0;
    assert_string_equal(text, expected);
    free(text);
}

/* A run to step 8, tweaked there, closed, resumed and ended. */
static void tweak_and_resume(const World *world, const Config *config, const char *tweak,
                             char folder[PATH_SIZE])
{
    Error error;
    Run *run = world_create(world, config);
    run_until(run, 8);
    snprintf(folder, PATH_SIZE, "%s", run_folder(run));
    if (run_set(run, tweak, &error))
        fail_msg("%s", error.text);
    run_until(run, 12);
    if (run_save(run, &error))
        fail_msg("%s", error.text);
    run_close(run);
    run = world_resume(world, folder);
    assert_int_equal(run_until(run, 20), PULSE_MORE);
    run_close(run);
}

static void test_clipping_has_columns_where_it_began(void **state)
{
    World *world = *state;
    Config config;
    char folder[PATH_SIZE];
    tiny_config(&config, "dmd2");
    tiny_set(&config, "threshold.kind=static");
    tiny_set(&config, "threshold.low=-0.5");
    tiny_set(&config, "threshold.high=0.5");
    tiny_set(&config, "threshold.sites=TSC");
    tweak_and_resume(world, &config, "threshold.kind=none", folder);
    assert_columns(folder, FIXED ",critic_loss,normaliser,gap,gan,gan_critic" ORIGINS
                                 ",clip_T,over_T,clip_S,over_S,clip_C,over_C" LAST);
    char *text = log_text(folder, "metrics.csv"), *row = strstr(text, "\n3,");
    assert_non_null(row);
    double share, over, sampled;
    for (int column = 0; column < 12; column++)
        row = strchr(row, ',') + 1;
    assert_int_equal(sscanf(row, "%lf,%lf,%*[^,],%*[^,],%lf", &share, &over, &sampled), 3);
    assert_true(share > 0.3 && share < 1); /* the ring's radius is 1.4 */
    assert_true(over > 0.1 && over < 2);
    assert_true(sampled > 0 && sampled < 1);
    free(text);
}

static void test_a_file_keeps_its_columns(void **state)
{
    World *world = *state;
    Config config;
    char folder[PATH_SIZE];
    tiny_config(&config, "pd");
    tweak_and_resume(world, &config, "threshold.kind=static", folder);
    assert_columns(folder, FIXED ORIGINS LAST);
}

/* A run of DMD2 that was stopped in between gives the same bytes. */
static void test_dmd2_resumes(void **state)
{
    World *world = *state;
    Config config;
    Error error;
    char whole[PATH_SIZE], folder[PATH_SIZE];
    tiny_config(&config, "dmd2");
    world_whole(world, &config, whole);
    Run *run = world_create(world, &config);
    run_until(run, 11);
    snprintf(folder, PATH_SIZE, "%s", run_folder(run));
    assert_int_equal(run_save(run, &error), STATUS_OK);
    run_close(run);
    run = world_resume(world, folder);
    assert_int_equal(run_until(run, -1), PULSE_DONE);
    run_close(run);
    assert_same_logs(whole, folder);
}

/* By sampling step: the noise where everything is clipped more than where little is left of it; the
 * same after a resume. */
static void test_clipping_by_sampling_step(void **state)
{
    World *world = *state;
    Config config;
    char folder[PATH_SIZE], whole[PATH_SIZE];
    Error error;
    tiny_config(&config, "dmd2");
    tiny_set(&config, "threshold.kind=static");
    tiny_set(&config, "threshold.low=-0.5");
    tiny_set(&config, "threshold.high=0.5");
    tiny_set(&config, "threshold.sites=TRS");
    world_whole(world, &config, whole);
    Run *run = world_create(world, &config);
    run_until(run, 11);
    snprintf(folder, PATH_SIZE, "%s", run_folder(run));
    assert_int_equal(run_save(run, &error), STATUS_OK);
    run_close(run);
    run = world_resume(world, folder);
    assert_int_equal(run_until(run, -1), PULSE_DONE);
    run_close(run);
    assert_same_logs(whole, folder);
    char *text = log_text(folder, "threshold.csv"), *row = strchr(text, '\n');
    assert_int_equal(strncmp(text, "step,site,i,clipped,overshoot\n", 30), 0);
    int rows[128][5] = {{0}};
    for (; row && row[1]; row = strchr(row + 1, '\n')) {
        int step, i;
        char site;
        double clipped, over;
        assert_int_equal(sscanf(row, "\n%d,%c,%d,%lf,%lf", &step, &site, &i, &clipped, &over), 5);
        assert_true(step > 0 && step <= 23 && i >= 1 && i <= 4);
        assert_true(clipped >= 0 && clipped <= 1 && over >= 0);
        rows[(int)site][i]++;
    }
    for (int i = 1; i <= 4; i++)
        assert_true(rows['T'][i] >= 4 && rows['S'][i] >= 4 && rows['R'][i] >= 1 && !rows['L'][i] &&
                    !rows['C'][i]);
    free(text);
}

/* The variances are those of the logged steps, over the last hundred of them, through a resume. */
static void test_variances(void **state)
{
    World *world = *state;
    Config config;
    Error error;
    char folder[PATH_SIZE];
    enum { STEPS = 120, WINDOW = 100 };
    static double loss[STEPS], norm[STEPS], loss_var[STEPS], norm_var[STEPS];
    tiny_config(&config, "pd");
    tiny_set(&config, "run.steps=200");
    tiny_set(&config, "run.log_every=1");
    Run *run = world_create(world, &config);
    run_until(run, 61);
    snprintf(folder, PATH_SIZE, "%s", run_folder(run));
    assert_int_equal(run_save(run, &error), STATUS_OK);
    run_close(run);
    run = world_resume(world, folder);
    run_until(run, STEPS);
    run_close(run);
    char *text = log_text(folder, "metrics.csv"), *row = strchr(text, '\n');
    for (int k = 0; k < STEPS; k++, row = strchr(row + 1, '\n'))
        assert_int_equal(sscanf(row, "\n%*d,%lf,%lf,%*[^,],%*[^,],%*[^,],%*[^,],%lf,%lf", &loss[k],
                                &norm[k], &loss_var[k], &norm_var[k]),
                         4);
    free(text);
    assert_true(isnan(loss_var[0]));
    for (int k = 1; k < STEPS; k += 7) {
        int first = k < WINDOW ? 0 : k - WINDOW + 1, n = k - first + 1;
        double sum[2] = {0}, squares[2] = {0};
        for (int j = first; j <= k; j++) {
            sum[0] += loss[j];
            sum[1] += norm[j];
            squares[0] += loss[j] * loss[j];
            squares[1] += norm[j] * norm[j];
        }
        assert_near(loss_var[k], (squares[0] - sum[0] * sum[0] / n) / (n - 1), 1e-9 * squares[0]);
        assert_near(norm_var[k], (squares[1] - sum[1] * sum[1] / n) / (n - 1), 1e-9 * squares[1]);
    }
}

static void test_rounds_are_marked(void **state)
{
    World *world = *state;
    Config config;
    char folder[PATH_SIZE];
    tiny_config(&config, "pd");
    tiny_set(&config, "pd.rounds=3");
    tiny_set(&config, "student.steps=1");
    world_most(world, &config, folder);
    char *events = log_text(folder, "events.csv");
    assert_non_null(strstr(events, "round 2: 4 -> 2 steps"));
    assert_non_null(strstr(events, "round 3: 2 -> 1 steps"));
    free(events);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_enter, world_leave)
    const struct CMUnitTest tests[] = {
        TEST(test_clipping_has_columns_where_it_began),
        TEST(test_a_file_keeps_its_columns),
        TEST(test_dmd2_resumes),
        TEST(test_rounds_are_marked),
        TEST(test_clipping_by_sampling_step),
        TEST(test_variances),
    };
    return cmocka_run_group_tests_name("terms", tests, NULL, NULL);
}
