/* Owns JPEG, through libjpeg: rows of red, green and blue. What libjpeg finds wrong comes back as a
 * Status, a picture that ends early included. */
#include "engine/picture/decode_jpeg.h"
#include "engine/picture/upright.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

enum { PIXEL = 3, SCANS_MAX = 100 };

typedef struct Reading {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr manager;
    struct jpeg_progress_mgr progress;
    uint8_t *row;
    Shrink *shrink;
    Status status;
    Error *error;
    jmp_buf out;
} Reading;

_Noreturn static void stop(Reading *reading, const char *text)
{
    reading->status = fail(reading->error, STATUS_BAD_INPUT, "%s", text);
    longjmp(reading->out, 1);
}

_Noreturn static void on_error(j_common_ptr jpeg)
{
    char why[JMSG_LENGTH_MAX], text[JMSG_LENGTH_MAX + 32];
    jpeg->err->format_message(jpeg, why);
    snprintf(text, sizeof text, "damaged JPEG (%s)", why);
    stop(jpeg->client_data, text);
}

/* libjpeg goes on with grey where the file ends or its codes are wrong: those are errors here. What
 * stands between the parts of a file is not. */
static void on_message(j_common_ptr jpeg, int level)
{
    int code = jpeg->err->msg_code;
    if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER ||
                      code == JWRN_HUFF_BAD_CODE || code == JWRN_ARITH_BAD_CODE))
        on_error(jpeg);
}

/* A few bytes a scan may ask for work on the whole picture. */
static void on_progress(j_common_ptr jpeg)
{
    if (((j_decompress_ptr)jpeg)->input_scan_number > SCANS_MAX)
        stop(jpeg->client_data, "a JPEG of more than 100 scans");
}

static void on_nothing(j_common_ptr jpeg) { (void)jpeg; }

static int turn_of(const struct jpeg_decompress_struct *jpeg)
{
    enum { HEAD = 6 };
    for (jpeg_saved_marker_ptr at = jpeg->marker_list; at; at = at->next)
        if (at->marker == JPEG_APP0 + 1 && at->data_length > HEAD &&
            memcmp(at->data, "Exif\0", HEAD) == 0)
            return upright_turn(at->data + HEAD, at->data_length - HEAD);
    return 1;
}

static void check_kind(Reading *reading)
{
    struct jpeg_decompress_struct *jpeg = &reading->jpeg;
    if (jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK)
        stop(reading, "a JPEG of CMYK, whose colours depend on the ink; save it as RGB");
    if (decode_check((long)jpeg->image_width, (long)jpeg->image_height,
                     jpeg_has_multiple_scans(jpeg), reading->error)) {
        reading->status = STATUS_BAD_INPUT;
        longjmp(reading->out, 1);
    }
}

/* A halving in the transform is an average over 2 x 2 and saves most of the work: as long as the
 * picture stays twice as large as what is made of it. */
static void choose_scale(struct jpeg_decompress_struct *jpeg, int side)
{
    unsigned least =
        jpeg->image_width < jpeg->image_height ? jpeg->image_width : jpeg->image_height;
    jpeg->scale_num = 1;
    for (jpeg->scale_denom = 8; jpeg->scale_denom > 1; jpeg->scale_denom /= 2)
        if (least / jpeg->scale_denom >= 2 * (unsigned)side)
            break;
}

static void read_all(Reading *reading, int *turn)
{
    struct jpeg_decompress_struct *jpeg = &reading->jpeg;
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(jpeg, TRUE);
    check_kind(reading);
    *turn = turn_of(jpeg);
    jpeg->out_color_space = JCS_RGB;
    choose_scale(jpeg, reading->shrink->side);
    jpeg_start_decompress(jpeg);
    shrink_begin(reading->shrink, (int)jpeg->output_width, (int)jpeg->output_height,
                 reading->shrink->side);
    reading->row = malloc((size_t)jpeg->output_width * PIXEL);
    if (!reading->row)
        stop(reading, "no memory for a row");
    while (jpeg->output_scanline < jpeg->output_height) {
        jpeg_read_scanlines(jpeg, &reading->row, 1);
        shrink_row(reading->shrink, reading->row, PIXEL);
    }
    jpeg_finish_decompress(jpeg);
}

Status decode_jpeg(const uint8_t *data, size_t size, Shrink *shrink, int *turn, Error *error)
{
    Reading reading = {.shrink = shrink, .error = error};
    reading.jpeg.err = jpeg_std_error(&reading.manager);
    reading.manager.error_exit = on_error;
    reading.manager.emit_message = on_message;
    reading.manager.output_message = on_nothing;
    reading.progress.progress_monitor = on_progress;
    reading.jpeg.client_data = &reading;
    if (!setjmp(reading.out)) {
        jpeg_create_decompress(&reading.jpeg);
        reading.jpeg.progress = &reading.progress;
        jpeg_mem_src(&reading.jpeg, data, (unsigned long)size);
        read_all(&reading, turn);
    }
    jpeg_destroy_decompress(&reading.jpeg);
    free(reading.row);
    return reading.status;
}
