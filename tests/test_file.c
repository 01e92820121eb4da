/* Files and folders: whole or absent, whatever goes wrong, and words for what did. */
#include "engine/base/file.h"
#include "tests/child.h"
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A new folder below the test's own. */
static char *new_folder(char path[PATH_SIZE])
{
    const char *parent = getenv("TMPDIR");
    snprintf(path, PATH_SIZE, "%s/ddil-base-XXXXXX", parent ? parent : "/tmp");
    assert_non_null(mkdtemp(path));
    return path;
}

static int entries(const char *folder)
{
    int n = 0;
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    while (readdir(directory))
        n++;
    closedir(directory);
    return n - 2;
}

static void assert_holds(const char *path, const char *text)
{
    char *data;
    size_t size;
    Error error;
    assert_int_equal(file_read(path, 1 << 20, &data, &size, &error), STATUS_OK);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(data, text, size + 1);
    free(data);
}

static void test_file_replaces_whole(void **state)
{
    (void)state;
    char folder[PATH_SIZE], path[PATH_SIZE];
    Error error;
    struct stat info;
    mode_t mask = umask(022);
    file_join(path, new_folder(folder), "x.txt");
    assert_false(file_exists(path));
    assert_int_equal(file_write(path, "old", 3, &error), STATUS_OK);
    assert_holds(path, "old");
    assert_int_equal(file_write(path, "newer", 5, &error), STATUS_OK);
    assert_holds(path, "newer");
    assert_int_equal(file_write(path, "", 0, &error), STATUS_OK);
    assert_holds(path, "");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0644);
    assert_int_equal(entries(folder), 1);
    umask(mask);
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(file_write("here.txt", "h", 1, &error), STATUS_OK);
    assert_holds("here.txt", "h");
}

static void test_file_is_invisible_until_committed(void **state)
{
    (void)state;
    char folder[PATH_SIZE], path[PATH_SIZE];
    NewFile file, other;
    Error error;
    file_join(path, new_folder(folder), "x.txt");
    assert_int_equal(file_write(path, "old", 3, &error), STATUS_OK);
    assert_int_equal(newfile_open(&file, path, &error), STATUS_OK);
    assert_int_equal(newfile_open(&other, path, &error), STATUS_OK);
    assert_string_not_equal(file.temporary, other.temporary);
    fputs("half", file.stream);
    fflush(file.stream);
    assert_holds(path, "old");
    newfile_abandon(&file);
    newfile_abandon(&file);
    assert_holds(path, "old");
    fputs("other", other.stream);
    assert_int_equal(newfile_commit(&other, &error), STATUS_OK);
    assert_holds(path, "other");
    assert_int_equal(entries(folder), 1);
}

/* Child: a file-size limit stands in for a full disk. Exits 0 when the write failed as it
 * should. */
static void write_on_full_disk(void)
{
    struct rlimit limit;
    Error error = {""};
    char big[20000];
    memset(big, 'b', sizeof big);
    signal(SIGXFSZ, SIG_IGN);
    if (getrlimit(RLIMIT_FSIZE, &limit))
        _exit(10);
    limit.rlim_cur = 8192;
    if (setrlimit(RLIMIT_FSIZE, &limit))
        _exit(11);
    if (file_write("x.txt", big, sizeof big, &error) != STATUS_FAILED)
        _exit(12);
    fputs(error.text, stderr);
}

static void test_file_failure_leaves_the_old_file(void **state)
{
    (void)state;
    char folder[PATH_SIZE], text[1024];
    Error error;
    assert_int_equal(chdir(new_folder(folder)), 0);
    assert_int_equal(file_write("x.txt", "old", 3, &error), STATUS_OK);
    int status = child_run(write_on_full_disk, text, sizeof text);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_non_null(strstr(text, "x.txt: File too large"));
    assert_holds("x.txt", "old");
    assert_int_equal(entries(folder), 1);
}

static void test_file_says_why_it_cannot(void **state)
{
    (void)state;
    char folder[PATH_SIZE], path[PATH_SIZE], longer[2 * PATH_SIZE], *data;
    size_t size;
    NewFile file;
    Error error;
    assert_int_equal(chdir(new_folder(folder)), 0);
    assert_int_equal(file_write("plain", "12345", 5, &error), STATUS_OK);
    assert_int_equal(newfile_open(&file, "plain/x", &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "plain/x: Not a directory"));
    assert_int_equal(newfile_open(&file, "none/x", &error), STATUS_BAD_INPUT);
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(newfile_open(&file, longer, &error), STATUS_BAD_INPUT);
    longer[PATH_SIZE - 5] = 0;
    assert_int_equal(newfile_open(&file, longer, &error), STATUS_BAD_INPUT);

    assert_int_equal(file_make_folder("taken/inside", &error), STATUS_OK);
    assert_int_equal(file_write("taken", "x", 1, &error), STATUS_FAILED);
    assert_non_null(strstr(error.text, "cannot write taken"));

    assert_int_equal(file_read("none", 10, &data, &size, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "none: No such file"));
    assert_int_equal(file_read("taken", 10, &data, &size, &error), STATUS_BAD_INPUT);
    assert_int_equal(file_read("plain", 4, &data, &size, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "larger than 4 bytes"));
    assert_int_equal(file_read("plain", 5, &data, &size, &error), STATUS_OK);
    assert_int_equal(size, 5);
    free(data);
    assert_int_equal(entries(file_join(path, folder, ".")), 2);
}

static void test_file_reads_any_bytes(void **state)
{
    (void)state;
    enum { SIZE = 100000 };
    char folder[PATH_SIZE], path[PATH_SIZE], *data;
    static const char zeros[SIZE];
    size_t size;
    Error error;
    file_join(path, new_folder(folder), "zeros");
    assert_int_equal(file_write(path, zeros, SIZE, &error), STATUS_OK);
    assert_int_equal(file_read(path, SIZE, &data, &size, &error), STATUS_OK);
    assert_int_equal(size, SIZE);
    assert_memory_equal(data, zeros, SIZE);
    free(data);
    assert_int_equal(file_read("/dev/zero", SIZE, &data, &size, &error), STATUS_BAD_INPUT);
}

static void *write_many(void *context)
{
    const char *letter = context;
    char text[5000];
    memset(text, *letter, sizeof text);
    for (int i = 0; i < 20; i++)
        if (file_write("shared", text, sizeof text, NULL))
            return context;
    return NULL;
}

static void test_file_writers_never_mix(void **state)
{
    (void)state;
    static const char letters[] = "abcd";
    char folder[PATH_SIZE], *data;
    pthread_t thread[4];
    size_t size;
    Error error;
    assert_int_equal(chdir(new_folder(folder)), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, write_many, (void *)&letters[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *failure;
        pthread_join(thread[i], &failure);
        assert_null(failure);
    }
    assert_int_equal(file_read("shared", 5000, &data, &size, &error), STATUS_OK);
    assert_int_equal(size, 5000);
    for (size_t i = 1; i < size; i++)
        assert_int_equal(data[i], data[0]);
    free(data);
    assert_int_equal(entries(folder), 1);
}

static void test_folders(void **state)
{
    (void)state;
    char folder[PATH_SIZE], longer[2 * PATH_SIZE];
    Error error;
    assert_int_equal(chdir(new_folder(folder)), 0);
    assert_int_equal(file_make_folder("a/b//c/", &error), STATUS_OK);
    assert_true(file_exists("a/b/c"));
    assert_int_equal(file_make_folder("a/b/c", &error), STATUS_OK);
    assert_int_equal(file_make_folder(folder, &error), STATUS_OK);
    assert_int_equal(file_write("a/plain", "", 0, &error), STATUS_OK);
    assert_int_equal(file_make_folder("a/plain/x", &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "a/plain: Not a directory"));
    assert_int_equal(file_make_folder("", &error), STATUS_BAD_INPUT);
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(file_make_folder(longer, &error), STATUS_BAD_INPUT);
}

static void join_too_long(void)
{
    char path[PATH_SIZE], name[PATH_SIZE];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = 0;
    file_join(path, "folder", name);
}

static void test_join_must_fit(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    assert_string_equal(file_join(path, "runs/0001", "run.ini"), "runs/0001/run.ini");
    assert_gives_up(join_too_long, "is longer than 1023 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_replaces_whole),
        cmocka_unit_test(test_file_is_invisible_until_committed),
        cmocka_unit_test(test_file_failure_leaves_the_old_file),
        cmocka_unit_test(test_file_says_why_it_cannot),
        cmocka_unit_test(test_file_reads_any_bytes),
        cmocka_unit_test(test_file_writers_never_mix),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_join_must_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
