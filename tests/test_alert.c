/* Alerts ring once and for news only; the shared line names what differs; grounds and
 * palettes differ. */
#include "app/terminal/clipboard.h"
#include "tests/fake_snapshot.h"
#include "views/draw/theme.h"
#include "views/model/alert.h"
#include "views/model/share.h"
#include "views/screen.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_rules_ring_once(void **state)
{
    (void)state;
    const Snapshot *shown = fake_snapshot(&(FakeOptions){.runs = 1, .step = 900});
    RunView run = *shown->run[0];
    const RunView *runs[] = {&run};
    Snapshot snapshot = {.runs = 1, .run = runs};
    Alerts alerts;
    char say[160] = "", why[120];
    run.state = RUN_DONE;
    run.shift = 1;
    alerts_init(&alerts);
    assert_false(alerts_watch(&alerts, &snapshot, say, sizeof say)); /* done before we looked */
    run.state = RUN_LIVE;
    assert_false(alerts_watch(&alerts, &snapshot, say, sizeof say));
    run.state = RUN_FAILED;
    assert_true(alerts_watch(&alerts, &snapshot, say, sizeof say));
    assert_non_null(strstr(say, "state=failed"));
    assert_false(alerts_watch(&alerts, &snapshot, say, sizeof say));
    assert_true(alerts_add(&alerts, "shift>2", why, sizeof why));
    assert_false(alerts_watch(&alerts, &snapshot, say, sizeof say));
    run.shift = 3;
    assert_true(alerts_watch(&alerts, &snapshot, say, sizeof say));
    alerts_clear(&alerts);
    run.shift = 1;
    assert_false(alerts_watch(&alerts, &snapshot, say, sizeof say));
    assert_false(alerts_add(&alerts, "nonsense>2", why, sizeof why));
    assert_non_null(strstr(why, "nonsense"));
    for (int i = 0; i < ALERTS_MAX; i++)
        assert_true(alerts_add(&alerts, "step>100000000", why, sizeof why));
    assert_false(alerts_add(&alerts, "step>1", why, sizeof why));
    fake_free(shown);
}

static void test_screen_rings(void **state)
{
    (void)state;
    const Snapshot *live = fake_snapshot(&(FakeOptions){.runs = 1, .step = 900});
    const Snapshot *done = fake_snapshot(&(FakeOptions){.runs = 1, .step = 900, .all_done = true});
    Screen *screen = screen_new(&(ScreenOptions){.look = "view curves; go 100"});
    assert_int_equal(screen_want(screen, live).kind, REPLY_NONE);
    CanvasLook look = {.colours = COLOURS_NONE, .ascii = true, .graphics = GRAPHICS_OFF};
    Canvas canvas;
    canvas_init(&canvas, 80, 24, &look);
    screen_draw(screen, live, &canvas);
    assert_int_equal(canvas.cell[8].rune, '['); /* --look was carried out */
    assert_int_equal(screen_want(screen, done).kind, REPLY_BELL);
    assert_int_equal(screen_want(screen, done).kind, REPLY_NONE);
    canvas_done(&canvas);
    screen_free(screen);
    fake_free(live);
    fake_free(done);
}

static int find_param(const ParamInfoView *params, int n, const char *section, const char *key)
{
    for (int i = 0; i < n; i++)
        if (strcmp(params[i].section, section) == 0 && strcmp(params[i].key, key) == 0)
            return i;
    fail();
    return 0;
}

static void test_shared_line(void **state)
{
    (void)state;
    ParamInfoView *params = NULL;
    int n = engine_params(&params);
    char(*values)[64] = calloc((size_t)n, sizeof *values);
    assert_true(n > 0 && values);
    for (int i = 0; i < n; i++) {
        snprintf(values[i], sizeof values[i], "%.63s",
                 params[i].fallback ? params[i].fallback : "");
    }
    snprintf(values[find_param(params, n, "run", "method")], 64, "pd");
    snprintf(values[find_param(params, n, "optimizer", "lr")], 64, "0.0005");
    snprintf(values[find_param(params, n, "optimizer", "clip")], 64,
             "1.0"); /* as the default, written otherwise */
    snprintf(values[find_param(params, n, "data", "path")], 64, "/a folder");
    RunView run = {.name = "mine", .params = n, .step = 5000};
    memcpy(&run.param, &values, sizeof values);
    Session session = {.step = 900, .stage = 2, .seed = 7};
    Scene scene = {.run = &run, .session = &session};
    char line[1024];
    share_line(&scene, "Curves", line, sizeof line);
    assert_non_null(strstr(line, "ddil /dev/null --name mine"));
    assert_non_null(strstr(line, " -s run.method=pd"));
    assert_non_null(strstr(line, " -s optimizer.lr=0.0005"));
    assert_non_null(strstr(line, " -s 'data.path=/a folder'"));
    assert_null(strstr(line, "optimizer.clip"));
    assert_non_null(strstr(line, "--look 'view Curves; go 900; stage 2; seed 7'"));
    free(values);
    free(params);
}

static void test_grounds_and_palettes(void **state)
{
    (void)state;
    CanvasLook look = {.colours = COLOURS_256};
    Canvas dark = {.look = look}, light = dark, other = dark;
    light.light = true;
    other.palette = 1;
    for (Role role = ROLE_FAINT; role < ROLES; role++)
        if (role != ROLE_SELECTED)
            assert_int_not_equal(theme_style(&dark, role).fg, theme_style(&light, role).fg);
    for (int n = 0; n < 7; n++) {
        assert_int_not_equal(theme_line(&dark, n).fg, theme_line(&light, n).fg);
        assert_int_not_equal(theme_line(&dark, n).fg, theme_line(&other, n).fg);
        for (int k = 0; k < n; k++)
            assert_int_not_equal(theme_line(&light, n).fg, theme_line(&light, k).fg);
    }
}

/* Relative luminance and contrast as in WCAG 2, with the colours of xterm. */
static double luminance(const uint8_t rgb[3])
{
    static const double weight[3] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (int c = 0; c < 3; c++) {
        double part = rgb[c] / 255.0;
        sum += weight[c] * (part <= 0.03928 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static double contrast(int colour, bool light)
{
    static const uint8_t step[6] = {0, 95, 135, 175, 215, 255}, full = 205;
    uint8_t rgb[3];
    for (int c = 0; c < 3; c++) {
        rgb[c] = colour == 4 && c == 2 ? 238 /* xterm's blue */
                 : colour < 8          ? (colour >> c & 1) * full
                 : colour < 232        ? step[(colour - 16) /
                                       (c == 0   ? 36
                                               : c == 1 ? 6
                                                        : 1) %
                                       6]
                                       : (uint8_t)(8 + 10 * (colour - 232));
    }
    double ink = luminance(rgb) + 0.05;
    return light ? 1.05 / ink : ink / 0.05;
}

/* Words can be read: 3 to 1 at least, on a dark ground and on a light one. Rules and bands
 * are no words. */
static void test_contrast(void **state)
{
    (void)state;
    for (int many = 0; many < 2; many++) {
        for (int light = 0; light < 2; light++) {
            Canvas canvas = {.look = {.colours = many ? COLOURS_256 : COLOURS_8}, .light = light};
            for (Role role = ROLE_FAINT; role < ROLES; role++) {
                int colour = theme_style(&canvas, role).fg;
                bool words = role != ROLE_RULE && role != ROLE_BAND && colour >= 0;
                assert_true(!words || contrast(colour, light) >= 3);
            }
        }
    }
}

static void test_clipboard(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"", "\033]52;c;\a"},
                                          {"f", "\033]52;c;Zg==\a"},
                                          {"fo", "\033]52;c;Zm8=\a"},
                                          {"foobar", "\033]52;c;Zm9vYmFy\a"}}; /* RFC 4648 */
    char sequence[CLIPBOARD_SIZE], long_text[3000];
    for (size_t i = 0; i < 4; i++) {
        size_t n = clipboard_sequence(rows[i][0], sequence);
        assert_int_equal(n, strlen(rows[i][1]));
        assert_memory_equal(sequence, rows[i][1], n);
    }
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    assert_true(clipboard_sequence(long_text, sequence) <= CLIPBOARD_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_ring_once), cmocka_unit_test(test_screen_rings),
        cmocka_unit_test(test_shared_line),     cmocka_unit_test(test_grounds_and_palettes),
        cmocka_unit_test(test_contrast),        cmocka_unit_test(test_clipboard),
    };
    return cmocka_run_group_tests_name("alert", tests, NULL, NULL);
}
