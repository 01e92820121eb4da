/* Presets: what is accepted is written and read back as the same. */
#include "engine/base/param.h"
#include "engine/distill/params.h"
#include "tests/fuzz/fuzz.h"
#include <stdlib.h>
#include <string.h>

static void read_back(const Config *config)
{
    char *written = NULL;
    size_t length = 0;
    Config back;
    FILE *stream = open_memstream(&written, &length);
    config_write(config, stream);
    fclose(stream);
    lab_config_init(&back);
    if (config_read_text(&back, "written", written, NULL))
        abort();
    for (int i = 0; i < config->n; i++)
        if (strcmp(config_value(config, i), config_value(&back, i)) != 0)
            abort();
    free(written);
}

int fuzz_ini(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    Config config;
    lab_config_init(&config);
    if (!config_read_text(&config, "fuzz.ini", text, NULL)) {
        read_back(&config);
        lab_config_check(&config, NULL);
    }
    free(text);
    return 0;
}
