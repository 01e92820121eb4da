/* Owns the folder of a test of data sets. */
#include "tests/place.h"
#include "tests/near.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int make_place(void **state)
{
    Place *place = calloc(1, sizeof *place);
    *state = place;
    strcpy(place->path, "/tmp/ddil-test-own-XXXXXX");
    arena_init(&place->arena, (size_t)1 << 30);
    return place && mkdtemp(place->path) ? 0 : -1;
}

int remove_place(void **state)
{
    Place *place = *state;
    char command[256];
    snprintf(command, sizeof command, "chmod -R u+rwx %s && rm -rf %s", place->path, place->path);
    int failed = system(command);
    arena_done(&place->arena);
    free(place);
    return failed;
}

Status open_set(Place *place, const char *name, const char *file, DatasetFiles files)
{
    files.path = *file ? file_join(place->file, place->path, file) : place->path;
    if (files.labels)
        files.labels = file_join(place->labels, place->path, files.labels);
    arena_rewind(&place->arena, 0);
    place->error = (Error){""};
    DatasetOptions options = {.name = name, .files = files, .conditional = -1, .seed = 1};
    return dataset_open(&place->data, &options, &place->arena, &place->error);
}

void refuses(Place *place, const char *name, const char *file, DatasetFiles files, const char *what)
{
    assert_int_equal(open_set(place, name, file, files), STATUS_BAD_INPUT);
    if (!strstr(place->error.text, what))
        print_error("%s\n  should say: %s\n", place->error.text, what);
    assert_non_null(strstr(place->error.text, what));
}
