/* A colour data set that is not square, from a file to samples: the same bits for any number of
 * threads, thresholds over all channels, sheets in the right colours. */
#include "app/figure/run_figure.h"
#include "engine/base/file.h"
#include "engine/base/npy.h"
#include "engine/diffusion/threshold.h"
#include "engine/measure/eval.h"
#include "engine/show/gallery.h"
#include "engine/show/sheet_png.h"
#include "tests/labs.h"
#include "tests/near.h"
#include "views/model/samples.h"
#include <dirent.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N = 40, HIGH = 24, WIDE = 16, DIMS = HIGH * WIDE * 3 };

static char folder[] = "/tmp/ddil-colour-XXXXXX", path[64];

/* A red, green or blue half, the other white: no two alike. */
static int make_set(void **state)
{
    (void)state;
    static float x[N * DIMS];
    const long shape[4] = {N, HIGH, WIDE, 3};
    for (int r = 0; r < N; r++)
        for (int k = 0; k < DIMS; k++)
            x[r * DIMS + k] = k / 3 / WIDE > r % 20 && k % 3 != r % 3 ? -1 + 0.01f * (float)r : 1;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/set.npy", folder);
    return npy_write(path, 4, shape, x, NULL);
}

static int remove_set(void **state)
{
    (void)state;
    char file[512];
    DIR *all = opendir(folder);
    for (struct dirent *one; all && (one = readdir(all));) { /* the set, and what was made of it */
        snprintf(file, sizeof file, "%s/%s", folder, one->d_name);
        if (one->d_name[0] != '.' || one->d_name[1] == 'd')
            unlink(file);
    }
    closedir(all);
    return rmdir(folder);
}

static Bench *open_set(int threads)
{
    char text[512];
    snprintf(
        text, sizeof text,
        "[run]\nmethod = diffusion\nbatch = 40\n[data]\nname = npy\npath = %s\n[net]\nwidth = 8\n"
        "coarse_width = 8\ncoarse_depth = 1\nembed = 8\n[student]\nsteps = 3\n"
        "[threshold]\nkind = static\nsites = S\n",
        path);
    return bench_open(text, threads);
}

static void test_the_same_bits_for_any_threads(void **state)
{
    (void)state;
    State after[2];
    for (int k = 0; k < 2; k++) {
        Bench *bench = open_set(1 + 2 * k);
        const Dataset *data = &bench->lab.data;
        assert_int_equal(data->height, HIGH);
        assert_int_equal(data->width, WIDE);
        assert_int_equal(data->channels, 3);
        bench_start(bench, 0);
        bench_advance(bench, 0, 3);
        after[k] = state_take(&bench->lab);
        bench_close(bench);
    }
    assert_true(state_same(&after[0], &after[1]));
    state_drop(&after[0]);
    state_drop(&after[1]);
}

/* What the sheet shows at (x, y) of sample r's place, of so many a row with a gap between. */
static void test_a_sheet_has_the_samples_colours(void **state)
{
    (void)state;
    enum { SHOWN = 7, ZOOM = 2 };
    char sheet[80];
    float *x = malloc(sizeof *x * SHOWN * DIMS);
    for (int k = 0; k < SHOWN * DIMS; k++)
        x[k] = (float)((k * 37 + k / DIMS) % 256) / 127.5f - 1;
    SamplesView view = {.n = SHOWN,
                        .height = HIGH,
                        .width = WIDE,
                        .channels = 3,
                        .student = x,
                        .low = -1,
                        .high = 1};
    snprintf(sheet, sizeof sheet, "%s/sheet.png", folder);
    assert_int_equal(sheet_save(&view, sheet, NULL), STATUS_OK);
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_file(&image, sheet));
    image.format = PNG_FORMAT_RGB;
    uint8_t *rgb = malloc(PNG_IMAGE_SIZE(image));
    assert_true(png_image_finish_read(&image, NULL, rgb, 0, NULL));
    int gap = ((int)image.width - SHOWN * WIDE * ZOOM) / (SHOWN + 1);
    assert_int_equal(image.height, HIGH * ZOOM + 2 * gap);
    for (int k = 0; k < SHOWN * DIMS; k++) {
        int r = k / DIMS, row = k % DIMS / 3 / WIDE, column = k % DIMS / 3 % WIDE;
        int at =
            (gap + row * ZOOM) * (int)image.width + gap + r * (WIDE * ZOOM + gap) + column * ZOOM;
        assert_near(rgb[3 * at + k % 3], (k * 37 + r) % 256, 1);
    }
    free(rgb);
    free(x);
    unlink(sheet);
}

/* Red samples are red in a figure, and nothing else there is as green or blue. */
static void test_a_figure_has_the_samples_colours(void **state)
{
    (void)state;
    char file[80];
    float *x = malloc(sizeof *x * 4 * DIMS);
    int count[3] = {0};
    for (int k = 0; k < 4 * DIMS; k++)
        x[k] = k % 3 == 0 ? 1 : -1;
    RunView run = {.name = "red",
                   .samples = {.n = 4,
                               .height = HIGH,
                               .width = WIDE,
                               .channels = 3,
                               .student = x,
                               .low = -1,
                               .high = 1}};
    FigureLine line = {.run = &run};
    snprintf(file, sizeof file, "%s/figure.png", folder);
    assert_int_equal(run_figure(FIGURE_SAMPLES, &line, 1, file, PLOT_PAPER, NULL), STATUS_OK);
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_file(&image, file));
    image.format = PNG_FORMAT_RGB;
    uint8_t *rgb = malloc(PNG_IMAGE_SIZE(image));
    assert_true(png_image_finish_read(&image, NULL, rgb, 0, NULL));
    for (size_t k = 0; k < PNG_IMAGE_SIZE(image); k += 3)
        for (int c = 0; c < 3; c++)
            count[c] += rgb[k + c] == 255 && rgb[k + (c + 1) % 3] == 0 && rgb[k + (c + 2) % 3] == 0;
    assert_true(count[0] > 1000 && count[1] == 0 && count[2] == 0);
    free(rgb);
    free(x);
    unlink(file);
}

static void test_samples_keep_their_shape(void **state)
{
    (void)state;
    Bench *bench = open_set(2);
    bench_start(bench, 0);
    bench_advance(bench, 0, 1);
    Gallery *gallery = gallery_make(&bench->lab, 1, NULL, true);
    const SamplesView *view = gallery_view(gallery);
    assert_int_equal(view->height, HIGH);
    assert_int_equal(view->width, WIDE);
    assert_int_equal(view->channels, 3);
    const float *last = view->student + (size_t)view->steps * (size_t)view->n * DIMS;
    for (int k = 0; k < view->n * DIMS; k++)
        assert_true(last[k] >= -1 && last[k] <= 1); /* the static threshold's box */
    assert_non_null(view->paths);
    gallery_drop(gallery);
    bench_close(bench);
}

/* What classes are called in the data set's files goes with the samples, into their file too. */
static void test_class_names_go_with_samples(void **state)
{
    (void)state;
    static const char *const names[] = {"face", "a name that is longer than there is room for"};
    char file[80];
    Bench *bench = open_set(2);
    bench_start(bench, 0);
    bench->lab.data.class_name = names;
    bench->lab.data.classes = 2;
    Gallery *gallery = gallery_make(&bench->lab, 1, NULL, false);
    snprintf(file, sizeof file, "%s/samples", folder);
    assert_int_equal(gallery_save(gallery, file, NULL), STATUS_OK);
    Gallery *read = gallery_load(file);
    unlink(file);
    assert_non_null(read);
    for (int k = 0; k < 2; k++) {
        const SamplesView *view = gallery_view(k ? read : gallery);
        assert_string_equal(samples_class_name(view, "npy", 0), "face");
        assert_string_equal(samples_class_name(view, "npy", 1), "a name that is longer t");
        assert_null(samples_class_name(view, "npy", 2));
        assert_string_equal(samples_class_name(view, "fashion", 9), "Boot");
    }
    gallery_drop(read);
    gallery_drop(gallery);
    bench_close(bench);
}

/* A folder's classes are of any size: one that has no held-out picture, others that run out. */
static void test_small_classes_are_judged(void **state)
{
    (void)state;
    enum { TEST = 20, CLASSES = 4 };
    Bench *bench = open_set(2);
    Dataset *data = &bench->lab.data;
    int label[TEST];
    for (int k = 0; k < TEST; k++)
        label[k] = k % 5 ? 3 : 1; /* none of 0 and 2 */
    data->test = data->x;
    data->n_test = TEST;
    data->test_label = label;
    data->classes = CLASSES;
    Judge judge = {.data = data, .crew = bench->crew, .scratch = &bench->step};
    EvalReport report;
    eval_real(&judge, 1000, &report);
    assert_int_equal(report.n, TEST / 2);
    assert_string_equal(report.metric[0].name, "sw2");
    assert_true(report.metric[0].value >= 0);
    bench_close(bench);
}

/* One bound a sample, over all of its channels: a saturated one pulls the others with it, so that
 * hues stay. */
static void test_the_dynamic_threshold_keeps_hues(void **state)
{
    (void)state;
    Threshold dynamic = {THRESHOLD_DYNAMIC, -1, 1, 0.5, 1u << SITE_S};
    float x[DIMS];
    for (int k = 0; k < DIMS; k++)
        x[k] = k % 3 == 0 ? 3.0f : k % 3 == 1 ? 1.5f : 0.75f;
    threshold_apply(&dynamic, SITE_S, DIMS, 0, x, NULL);
    for (int k = 0; k < DIMS; k++)
        assert_near(x[k], k % 3 == 2 ? 0.5 : 1, 1e-6); /* the median is 1.5 */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_bits_for_any_threads),
        cmocka_unit_test(test_a_sheet_has_the_samples_colours),
        cmocka_unit_test(test_samples_keep_their_shape),
        cmocka_unit_test(test_small_classes_are_judged),
        cmocka_unit_test(test_class_names_go_with_samples),
        cmocka_unit_test(test_a_figure_has_the_samples_colours),
        cmocka_unit_test(test_the_dynamic_threshold_keeps_hues),
    };
    return cmocka_run_group_tests(tests, make_set, remove_set);
}
