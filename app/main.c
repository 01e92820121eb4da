/* Owns main: the command line is read, one command runs, its status is the exit code. */
#include "app/commands/commands.h"
#include "app/workbench/presets.h"
#include "app/workbench/workbench.h"
#include "engine/base/trace.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <locale.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static Status dispatch(const Options *options, Error *error)
{
    if (options->version) {
        puts("ddil " DDIL_VERSION);
        return STATUS_OK;
    }
    if (options->help) {
        options_help(options, stdout);
        return STATUS_OK;
    }
    if (options->command)
        return options->command->run(options, error);
    Status status = presets_check(options, error);
    return status ? status : workbench_main(options, error);
}

/* A supervisor may start us with standard descriptors closed; files must not take their numbers. */
static void fill_descriptors(void)
{
    int fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDWR);
    if (fd >= 0)
        close(fd);
}

/* Memory that was freed is kept for the next asking: given back and taken again for each of a
 * thousand runs in a list, its pages cost three times what reading the runs does. */
static void keep_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 16 << 20); /* a picture's buffers, at each change of the view */
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    mallopt(M_TOP_PAD, 1 << 20);
#endif
}

int main(int argc, char **argv)
{
    fill_descriptors();
    keep_memory();
    json_set_alloc_funcs(need_bytes, free); /* half an answer is none */
    Options options;
    Error error = {""};
    setlocale(LC_CTYPE, ""); /* numbers stay in the C locale */
    Status status = trace_open(&error);
    if (!status)
        status = options_parse(&options, commands, argc, argv, &error);
    if (!status)
        status = dispatch(&options, &error);
    errno = 0;
    if ((fflush(stdout) != 0 || ferror(stdout)) && !status)
        status = fail(&error, STATUS_FAILED, "cannot write to standard output%s%s",
                      errno ? ": " : "", errno ? strerror(errno) : "");
    if (status && *error.text)
        fprintf(stderr, "ddil: %s\n", error.text);
    return (int)status;
}
