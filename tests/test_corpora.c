/* Every input that fuzzing was begun with or once found: each target comes back from it. */
#include "tests/fuzz/fuzz.h"
#include "tests/near.h"
#include "tests/runs.h"
#include <dirent.h>
#include <stdlib.h>

static const struct {
    const char *name;
    FuzzTarget *target;
    /* clang-format off */
} TARGETS[] = {
    {"csv",         fuzz_csv        },
    {"filter",      fuzz_filter     },
    {"folder",      fuzz_folder     },
    {"idx",         fuzz_idx        },
    {"ini",         fuzz_ini        },
    {"lesson",      fuzz_lesson     },
    {"mail",        fuzz_mail       },
    {"npy",         fuzz_npy        },
    {"numbers",     fuzz_numbers    },
    {"picture",     fuzz_picture    },
    {"port",        fuzz_port       },
    {"probe",       fuzz_probe      },
    {"rows",        fuzz_rows       },
    {"safetensors", fuzz_safetensors},
    {"study",       fuzz_study      },
    {"table",       fuzz_table      },
    {"words",       fuzz_words      },
};
/* clang-format on */

/* How many inputs the folder held. */
static int replay(const char *folder, FuzzTarget *target)
{
    int n = 0;
    DIR *stream = opendir(folder);
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        char path[PATH_SIZE], *data;
        size_t size;
        if (file_read(file_join(path, folder, entry->d_name), 1 << 20, &data, &size, NULL))
            continue;
        target((const uint8_t *)data, size);
        free(data);
        n++;
    }
    if (stream)
        closedir(stream);
    return n;
}

static void test_each_corpus(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof TARGETS / sizeof *TARGETS; i++) {
        char folder[PATH_SIZE];
        file_join(folder, "tests/fuzz/corpus", TARGETS[i].name);
        if (replay(folder, TARGETS[i].target) == 0)
            fail_msg("%s holds nothing", folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_corpus)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
