/* Owns PNG, through libpng: every kind becomes rows of red, green, blue and opacity. What libpng
 * finds wrong comes back as a Status. */
#include "engine/picture/decode_png.h"
#include "engine/picture/upright.h"
#include <png.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PIXEL = 4, CHUNK_BYTES = 8 << 20, CHUNKS = 128 };

typedef struct Reading {
    png_structp png;
    png_infop info;
    const uint8_t *next;
    size_t left;
    uint8_t *rows;
    Shrink *shrink;
    Status status;
    Error *error;
    jmp_buf out;
} Reading;

_Noreturn static void on_error(png_structp png, png_const_charp text)
{
    Reading *reading = png_get_error_ptr(png);
    reading->status = fail(reading->error, STATUS_BAD_INPUT, "damaged PNG (%s)", text);
    longjmp(reading->out, 1);
}

static void on_warning(png_structp png, png_const_charp text) { (void)png, (void)text; }

static void on_read(png_structp png, png_bytep to, size_t size)
{
    Reading *reading = png_get_io_ptr(png);
    if (size > reading->left)
        png_error(png, "it is cut short");
    memcpy(to, reading->next, size);
    reading->next += size;
    reading->left -= size;
}

/* Eight bits of red, green, blue and opacity, whatever the file has. */
static void ask_for_rgba(Reading *reading)
{
    png_set_expand(reading->png);
    png_set_scale_16(reading->png);
    png_set_gray_to_rgb(reading->png);
    png_set_add_alpha(reading->png, 255, PNG_FILLER_AFTER);
}

/* One pass needs one row, several need all of them. */
static void read_rows(Reading *reading, size_t height, size_t stride, int passes)
{
    reading->rows = malloc(passes > 1 ? height * stride : stride);
    if (!reading->rows)
        png_error(reading->png, "no memory");
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < height; y++) {
            uint8_t *row = reading->rows + (passes > 1 ? y * stride : 0);
            png_read_row(reading->png, row, NULL);
            if (pass == passes - 1)
                shrink_row(reading->shrink, row, PIXEL);
        }
}

static void read_all(Reading *reading)
{
    png_structp png = reading->png;
    png_read_info(png, reading->info);
    png_uint_32 width = png_get_image_width(png, reading->info),
                height = png_get_image_height(png, reading->info);
    reading->status = decode_check((long)width, (long)height,
                                   png_get_interlace_type(png, reading->info), reading->error);
    if (reading->status)
        return;
    ask_for_rgba(reading);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, reading->info);
    size_t stride = png_get_rowbytes(png, reading->info);
    must(stride == (size_t)width * PIXEL);
    shrink_begin(reading->shrink, (int)width, (int)height, reading->shrink->side);
    read_rows(reading, height, stride, passes);
    png_read_end(png, reading->info);
}

static int turn_of(const Reading *reading)
{
    png_uint_32 size = 0;
    png_bytep exif = NULL;
    return png_get_eXIf_1(reading->png, reading->info, &size, &exif) ? upright_turn(exif, size) : 1;
}

static void run(Reading *reading, int *turn)
{
    png_structp png = reading->png;
    if (setjmp(reading->out))
        return;
    png_set_read_fn(png, reading, on_read);
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff); /* decode_check names them better */
    png_set_chunk_malloc_max(png, CHUNK_BYTES);
    png_set_chunk_cache_max(png, CHUNKS);
    read_all(reading);
    *turn = turn_of(reading);
}

/* libpng makes room for as much as a chunk announces: none may announce more than the file has. */
static bool chunks_fit(const uint8_t *data, size_t size)
{
    enum { MAGIC = 8, AROUND = 12 };
    for (size_t at = MAGIC; at + AROUND <= size;) {
        size_t length = png_get_uint_32(data + at);
        if (length > size - at - AROUND)
            return false;
        at += length + AROUND;
    }
    return true;
}

Status decode_png(const uint8_t *data, size_t size, Shrink *shrink, int *turn, Error *error)
{
    Reading reading = {.next = data, .left = size, .shrink = shrink, .error = error};
    if (!chunks_fit(data, size))
        return fail(error, STATUS_BAD_INPUT, "damaged PNG (it is cut short)");
    reading.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, on_error, on_warning);
    reading.info = reading.png ? png_create_info_struct(reading.png) : NULL;
    if (reading.info)
        run(&reading, turn);
    else
        reading.status = fail(error, STATUS_FAILED, "no memory for libpng");
    png_destroy_read_struct(&reading.png, &reading.info, NULL);
    free(reading.rows);
    return reading.status;
}
