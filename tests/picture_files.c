/* Owns the making of picture files, through the libraries that read them. */
#include "tests/picture_files.h"
#include "engine/base/file.h"
#include "tests/near.h"
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

typedef struct Bytes {
    uint8_t *data;
    size_t size;
} Bytes;

static void on_write(png_structp png, png_bytep data, size_t size)
{
    Bytes *bytes = png_get_io_ptr(png);
    bytes->data = realloc(bytes->data, bytes->size + size);
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

static void on_flush(png_structp png) { (void)png; }

/* A TIFF header and one entry: the orientation. */
static size_t make_exif(int turn, uint8_t exif[26])
{
    static const uint8_t head[26] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1};
    memcpy(exif, head, sizeof head);
    exif[19] = (uint8_t)turn;
    return sizeof head;
}

/* The number of a colour in the palette, which grows by it. */
static int place_of(const uint8_t *rgba, png_color *palette, uint8_t *opacity, int *n)
{
    for (int k = 0; k < *n; k++)
        if (palette[k].red == rgba[0] && palette[k].green == rgba[1] &&
            palette[k].blue == rgba[2] && opacity[k] == rgba[3])
            return k;
    assert_true(*n < 256);
    palette[*n] = (png_color){rgba[0], rgba[1], rgba[2]};
    opacity[*n] = rgba[3];
    return (*n)++;
}

/* One sample, `depth` bits wide, at place k of a row that is zero there. */
static void put_sample(uint8_t *row, int k, int depth, unsigned value)
{
    if (depth == 16)
        row[2 * k] = row[2 * k + 1] = (uint8_t)value;
    else if (depth == 8)
        row[k] = (uint8_t)value;
    else
        row[k * depth / 8] |= (uint8_t)(value << (8 - depth - k * depth % 8));
}

static void fill_row(const PngForm *form, int width, const uint8_t *rgba, png_color *palette,
                     uint8_t *opacity, int *colours, uint8_t *row)
{
    for (int x = 0, k = 0; x < width; x++, rgba += 4) {
        if (form->type == PNG_COLOR_TYPE_PALETTE) {
            put_sample(row, k++, form->depth, (unsigned)place_of(rgba, palette, opacity, colours));
            continue;
        }
        int colour = form->type & PNG_COLOR_MASK_COLOR ? 3 : 1;
        for (int c = 0; c < colour; c++)
            put_sample(row, k++, form->depth,
                       form->depth < 8 ? rgba[c] >> (8 - form->depth) : rgba[c]);
        if (form->type & PNG_COLOR_MASK_ALPHA)
            put_sample(row, k++, form->depth, rgba[3]);
    }
}

uint8_t *png_make(const PngForm *form, int width, int height, const uint8_t *rgba, size_t *size)
{
    Bytes bytes = {0};
    png_color palette[256];
    uint8_t opacity[256], exif[26], **row = calloc((size_t)height, sizeof *row);
    int colours = 0;
    for (int y = 0; y < height; y++) {
        row[y] = calloc((size_t)width, 8);
        fill_row(form, width, rgba + (size_t)y * (size_t)width * 4, palette, opacity, &colours,
                 row[y]);
    }
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
    png_set_write_fn(png, &bytes, on_write, on_flush);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, form->depth, form->type,
                 form->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (colours) {
        png_set_PLTE(png, info, palette, colours);
        png_set_tRNS(png, info, opacity, colours, NULL);
    }
    if (form->turn)
        png_set_eXIf_1(png, info, (png_uint_32)make_exif(form->turn, exif), exif);
    png_set_rows(png, info, row);
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    png_destroy_write_struct(&png, &info);
    for (int y = 0; y < height; y++)
        free(row[y]);
    free(row);
    *size = bytes.size;
    return bytes.data;
}

static void put_orientation(struct jpeg_compress_struct *jpeg, int turn)
{
    uint8_t marker[32] = "Exif\0";
    jpeg_write_marker(jpeg, JPEG_APP0 + 1, marker, (unsigned)(6 + make_exif(turn, marker + 6)));
}

uint8_t *jpeg_make(int channels, int width, int height, const uint8_t *rgb, int quality,
                   int progressive, int turn, size_t *size)
{
    static const J_COLOR_SPACE spaces[] = {[1] = JCS_GRAYSCALE, [3] = JCS_RGB, [4] = JCS_CMYK};
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr manager;
    unsigned char *data = NULL;
    unsigned long length = 0;
    jpeg.err = jpeg_std_error(&manager);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &length);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = channels;
    jpeg.in_color_space = spaces[channels];
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    if (progressive)
        jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    if (turn)
        put_orientation(&jpeg, turn);
    while (jpeg.next_scanline < jpeg.image_height) {
        size_t at = (size_t)jpeg.next_scanline * (size_t)width * (size_t)channels;
        JSAMPROW row = (JSAMPROW)(size_t)(rgb + at);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    *size = length;
    return data;
}

void put_file(const char *folder, const char *name, const void *data, size_t size)
{
    char path[PATH_SIZE], parent[PATH_SIZE];
    file_join(path, folder, name);
    strcpy(parent, path);
    *strrchr(parent, '/') = 0;
    assert_int_equal(file_make_folder(parent, NULL), STATUS_OK);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void put_plain_png(const char *folder, const char *name, int side, unsigned rgb)
{
    uint8_t *rgba = malloc((size_t)side * (size_t)side * 4);
    for (int k = 0; k < side * side; k++)
        for (int c = 0; c < 4; c++)
            rgba[4 * k + c] = c == 3 ? 255 : (uint8_t)(rgb >> (16 - 8 * c));
    size_t size;
    uint8_t *data =
        png_make(&(PngForm){.type = PNG_COLOR_TYPE_RGB, .depth = 8}, side, side, rgba, &size);
    put_file(folder, name, data, size);
    free(data);
    free(rgba);
}

void put_npy(const char *folder, const char *name, const char *type, const char *shape,
             const void *data, size_t size)
{
    char *all = calloc(1, 256 + size);
    int length = snprintf(all + 10, 200, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n",
                          type, shape);
    memcpy(all, "\x93NUMPY\x01\x00", 8);
    all[8] = (char)length;
    memcpy(all + 10 + length, data, size);
    put_file(folder, name, all, 10 + (size_t)length + size);
    free(all);
}
