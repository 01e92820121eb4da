/* Owns reading IDX. The file is read and unpacked piece by piece, so that every byte is accounted
 * for and none is unpacked that nobody wants: nothing is believed before the sizes in the header,
 * the stream and the file agree. May call base and zlib. */
#include "engine/data/idx.h"
#include "engine/base/file.h"
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { UNSIGNED_BYTES = 0x08, PIECE = 1 << 14 };

/* Most bytes of a set, and how many of them a packed byte may stand for once there are many.
 * Pictures pack to 1 : 10 at best; deflate itself stops near 1 : 1032, where files hold one colour.
 */
enum { MOST_BYTES = 1 << 30, FREE_BYTES = 16 << 20, MOST_RATIO = 200, DEFLATE_RATIO = 1040 };

/* The file's bytes, unpacked as they are asked for. */
typedef struct Bytes {
    OldFile file;
    bool packed, ended; /* ended: the last gzip member came to its proper end */
    size_t total, done; /* numbers that the header announces, and that were taken */
    z_stream zip;
    unsigned char piece[PIECE]; /* read, not yet unpacked */
} Bytes;

/* Is it packed? Both kinds are read from the beginning. */
static Status look_at_start(Bytes *bytes, Error *error)
{
    size_t got;
    Status status = oldfile_some(&bytes->file, bytes->piece, PIECE, &got, error);
    bytes->zip.next_in = bytes->piece;
    bytes->zip.avail_in = (uInt)got;
    bytes->packed = got >= 2 && bytes->piece[0] == 0x1f && bytes->piece[1] == 0x8b;
    return status;
}

static Status bytes_open(Bytes *bytes, const char *path, Error *error)
{
    bytes->packed = bytes->ended = false;
    bytes->total = bytes->done = 0;
    bytes->zip = (z_stream){0};
    Status status = oldfile_open(&bytes->file, path, error);
    if (status)
        return status;
    status = look_at_start(bytes, error);
    if (!status && bytes->packed &&
        inflateInit2(&bytes->zip, 16 + MAX_WBITS) != Z_OK) /* 16: gzip only, checksum checked */
        status = fail(error, STATUS_FAILED, "%s: no memory to unpack it", path);
    if (status)
        oldfile_close(&bytes->file);
    return status;
}

static void bytes_close(Bytes *bytes)
{
    if (bytes->packed)
        inflateEnd(&bytes->zip);
    oldfile_close(&bytes->file);
}

/* Makes the piece hold a byte, if the file has one left. */
static Status refill(Bytes *bytes, Error *error)
{
    size_t got;
    if (bytes->zip.avail_in > 0)
        return STATUS_OK;
    Status status = oldfile_some(&bytes->file, bytes->piece, PIECE, &got, error);
    bytes->zip.next_in = bytes->piece;
    bytes->zip.avail_in = (uInt)got;
    return status;
}

static Status inflate_some(Bytes *bytes, Error *error)
{
    int result = inflate(&bytes->zip, Z_NO_FLUSH);
    bytes->ended = result == Z_STREAM_END;
    if (result == Z_OK || result == Z_STREAM_END)
        return STATUS_OK;
    if (result == Z_BUF_ERROR)
        return fail(error, STATUS_BAD_INPUT, "%s: the gzip file is cut short; fetch it again",
                    bytes->file.path);
    return fail(error, STATUS_BAD_INPUT, "%s: damaged gzip file (%s); fetch it again",
                bytes->file.path, bytes->zip.msg ? bytes->zip.msg : "unreadable");
}

/* A gzip file may consist of several, one behind the other. */
static Status next_member(Bytes *bytes, Error *error)
{
    Status status = refill(bytes, error);
    if (status || bytes->zip.avail_in == 0 || *bytes->zip.next_in != 0x1f)
        return status;
    inflateReset(&bytes->zip);
    bytes->ended = false;
    return STATUS_OK;
}

static Status unpack(Bytes *bytes, Error *error)
{
    Status status = STATUS_OK;
    while (!status && bytes->zip.avail_out > 0) {
        if (bytes->ended) {
            status = next_member(bytes, error);
            if (bytes->ended)
                break;
        }
        if (!status)
            status = refill(bytes, error);
        if (!status)
            status = inflate_some(bytes, error);
    }
    return status;
}

static Status copy(Bytes *bytes, Error *error)
{
    Status status = STATUS_OK;
    z_stream *zip = &bytes->zip;
    while (!status && zip->avail_out > 0) {
        status = refill(bytes, error);
        uInt n = zip->avail_in < zip->avail_out ? zip->avail_in : zip->avail_out;
        if (n == 0)
            break;
        memcpy(zip->next_out, zip->next_in, n);
        zip->next_in += n, zip->avail_in -= n;
        zip->next_out += n, zip->avail_out -= n;
    }
    return status;
}

/* Up to `want` bytes; fewer only at the proper end. */
static Status take(Bytes *bytes, void *out, size_t want, size_t *got, Error *error)
{
    bytes->zip.next_out = out;
    bytes->zip.avail_out = (uInt)want;
    Status status = bytes->packed ? unpack(bytes, error) : copy(bytes, error);
    *got = want - bytes->zip.avail_out;
    return status;
}

static uint32_t big_endian(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static Status read_magic(Bytes *bytes, int rank, Error *error)
{
    unsigned char magic[4];
    size_t got;
    Status status = take(bytes, magic, 4, &got, error);
    if (status != STATUS_OK)
        return status;
    if (got < 4)
        return fail(error, STATUS_BAD_INPUT, "%s: %zu bytes are no IDX file; expected a header",
                    bytes->file.path, got);
    if (magic[0] || magic[1] || magic[2] != UNSIGNED_BYTES || magic[3] != rank)
        return fail(error, STATUS_BAD_INPUT,
                    "%s: starts with 0x%08x; expected 0x%08x, IDX of unsigned bytes in %d "
                    "dimension%s",
                    bytes->file.path, (unsigned)big_endian(magic),
                    (unsigned)(UNSIGNED_BYTES << 8 | rank), rank, rank == 1 ? "" : "s");
    return STATUS_OK;
}

static Status read_sizes(Bytes *bytes, int rank, Idx *idx, Error *error)
{
    unsigned char b[16];
    size_t got;
    Status status = take(bytes, b, 4 * (size_t)rank, &got, error);
    if (status != STATUS_OK)
        return status;
    if (got < 4 * (size_t)rank)
        return fail(error, STATUS_BAD_INPUT, "%s: ends inside its header; expected %d sizes",
                    bytes->file.path, rank);
    idx->rank = rank;
    bytes->total = 1;
    for (int k = 0; k < rank; k++) {
        uint32_t size = big_endian(b + 4 * k);
        if (size == 0 || size > MOST_BYTES / bytes->total)
            return fail(error, STATUS_BAD_INPUT,
                        "%s: size %d is %u; expected at least 1 and at most 1 GiB in all",
                        bytes->file.path, k + 1, (unsigned)size);
        idx->size[k] = (int)size;
        bytes->total *= size;
    }
    return STATUS_OK;
}

/* The next `n` numbers, no fewer. */
static Status take_numbers(Bytes *bytes, size_t n, uint8_t *out, Error *error)
{
    size_t got;
    Status status = take(bytes, out, n, &got, error);
    bytes->done += got;
    if (status || got == n)
        return status;
    return fail(error, STATUS_BAD_INPUT, "%s: ends after %zu of the %zu bytes its header announces",
                bytes->file.path, bytes->done, bytes->total);
}

static Status check_end(Bytes *bytes, Error *error)
{
    size_t past;
    unsigned char extra;
    Status status = take(bytes, &extra, 1, &past, error);
    if (status || (past == 0 && bytes->zip.avail_in == 0))
        return status;
    return fail(error, STATUS_BAD_INPUT, "%s: goes on after the %zu bytes its header announces",
                bytes->file.path, bytes->total);
}

/* A header that promises more than the file can hold is caught before memory is asked for. */
static Status check_room(const Bytes *bytes, Error *error)
{
    size_t ratio = bytes->total <= FREE_BYTES ? DEFLATE_RATIO : MOST_RATIO;
    if (bytes->total <= bytes->file.size * (bytes->packed ? ratio : 1))
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "%s: its header announces %zu bytes, more than a file of %zu can hold",
                bytes->file.path, bytes->total, bytes->file.size);
}

/* Everything but the numbers. */
static Status read_header(Bytes *bytes, int rank, Idx *idx, Error *error)
{
    Status status = read_magic(bytes, rank, error);
    if (!status)
        status = read_sizes(bytes, rank, idx, error);
    return status ? status : check_room(bytes, error);
}

static Status no_memory(const Bytes *bytes, size_t size, Error *error)
{
    return fail(error, STATUS_FAILED, "%s: no memory for its %zu bytes", bytes->file.path, size);
}

static Status read_bytes(Bytes *bytes, int rank, Idx *idx, Error *error)
{
    Status status = read_header(bytes, rank, idx, error);
    if (status)
        return status;
    idx->bytes = malloc(bytes->total);
    if (!idx->bytes)
        return no_memory(bytes, bytes->total, error);
    status = take_numbers(bytes, bytes->total, idx->bytes, error);
    if (!status)
        status = check_end(bytes, error);
    if (status) {
        free(idx->bytes);
        idx->bytes = NULL;
    }
    return status;
}

static Status read_rows(Bytes *bytes, int rows, IdxRow *each, void *context, Error *error)
{
    size_t size = bytes->total / (size_t)rows;
    Status status = STATUS_OK;
    uint8_t *row = malloc(size);
    if (!row)
        return no_memory(bytes, size, error);
    for (int r = 0; r < rows && !status; r++) {
        status = take_numbers(bytes, size, row, error);
        if (!status)
            each(context, r, row);
    }
    free(row);
    return status ? status : check_end(bytes, error);
}

Status idx_sizes(const char *path, int rank, Idx *idx, Error *error)
{
    Bytes bytes;
    must(rank >= 1 && rank <= 4);
    *idx = (Idx){0};
    Status status = bytes_open(&bytes, path, error);
    if (status)
        return status;
    status = read_header(&bytes, rank, idx, error);
    bytes_close(&bytes);
    return status;
}

Status idx_read(const char *path, int rank, Idx *idx, Error *error)
{
    Bytes bytes;
    must(rank >= 1 && rank <= 4);
    *idx = (Idx){0};
    Status status = bytes_open(&bytes, path, error);
    if (status)
        return status;
    status = read_bytes(&bytes, rank, idx, error);
    bytes_close(&bytes);
    return status;
}

Status idx_rows(const char *path, const Idx *sizes, IdxRow *each, void *context, Error *error)
{
    Bytes bytes;
    Idx now = {0};
    Status status = bytes_open(&bytes, path, error);
    if (status)
        return status;
    status = read_header(&bytes, sizes->rank, &now, error);
    if (!status && memcmp(now.size, sizes->size, sizeof now.size) != 0)
        status = fail(error, STATUS_BAD_INPUT, "%s: changed while it was read; try again", path);
    if (!status)
        status = read_rows(&bytes, now.size[0], each, context, error);
    bytes_close(&bytes);
    return status;
}
