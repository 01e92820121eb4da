/* Every parameter of the sources, of thresholding and of the optimiser that says it applies at the
 * next step does: a run tweaked half way goes on in another way, and in the same one when it is
 * stopped and taken up again. */
#include "tests/near.h"
#include "tests/runs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One parameter, and another value for it than the run begins with. `with`: what must hold for it
 * to make a difference. */
typedef struct Tweak {
    const char *assignment, *with;
} Tweak;

static const Tweak TWEAKS[] = {
    {"source.beta_data=3", ""},
    {"source.beta_teacher=3", ""},
    {"source.beta_student=3", ""},
    {"source.schedule=geometric", ""},
    {"source.schedule=adaptive_steps", ""},
    {"source.warmup=0.9", ""},
    {"source.beta_floor=0.9", "source.schedule=adaptive"},
    {"source.max_age=1", ""},
    {"source.refresh=5", ""},
    {"source.refresh_every=2", "source.refresh=5"},
    {"source.gate=0.9", ""},
    {"source.importance=1", ""},
    {"source.mix=1", ""},
    {"threshold.kind=static", "threshold.high=0.3"},
    {"threshold.kind=reflect", "threshold.high=0.3"},
    {"threshold.sites=L", "threshold.kind=soft"},
    {"threshold.high=0.2", "threshold.kind=static"},
    {"optimizer.lr=3e-3", ""},
    {"optimizer.decay=none", ""},
    {"optimizer.beta1=0.2", ""},
    {"optimizer.clip=0.001", "optimizer.weight_decay=0.1"},
    {"run.budget_nfe=7000", ""},
};

/* tweak "": none. killed: closed after the tweak, and again four steps on. */
static void tweaked(const World *world, const Config *config, const char *tweak, bool killed,
                    char folder[PATH_SIZE])
{
    Error error = {{0}};
    Run *run = world_create(world, config);
    snprintf(folder, PATH_SIZE, "%s", run_folder(run));
    run_until(run, 8);
    if (*tweak && run_set(run, tweak, &error))
        fail_msg("%s", error.text);
    for (int step = 8; killed && step <= 12; step += 4) {
        run_until(run, step);
        if (run_save(run, &error))
            fail_msg("%s", error.text);
        run_close(run);
        run = world_resume(world, folder);
    }
    run_until(run, 22);
    run_close(run);
}

static void test_tweaks_act_and_resume(void **state)
{
    World *world = *state;
    for (size_t k = 0; k < sizeof TWEAKS / sizeof *TWEAKS; k++) {
        const Tweak *tweak = &TWEAKS[k];
        Config config;
        char folder[3][PATH_SIZE];
        tiny_config(&config, "pd");
        tiny_set(&config, "run.log_every=1");
        tiny_set(&config, "source.warmup=0.05");
        tiny_set(&config, "shift.every=3");
        tiny_set(&config, "threshold.low=-0.3");
        if (*tweak->with)
            tiny_set(&config, tweak->with);
        tweaked(world, &config, "", false, folder[0]);
        tweaked(world, &config, tweak->assignment, false, folder[1]);
        tweaked(world, &config, tweak->assignment, true, folder[2]);
        char *plain = log_text(folder[0], "metrics.csv"),
             *changed = log_text(folder[1], "metrics.csv");
        if (!strcmp(plain, changed))
            fail_msg("%s changes nothing", tweak->assignment);
        free(plain);
        free(changed);
        assert_same_logs(folder[1], folder[2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tweaks_act_and_resume, world_enter, world_leave),
    };
    return cmocka_run_group_tests_name("tweaks", tests, NULL, NULL);
}
