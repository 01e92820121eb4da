/* Owns reading IDX. The whole file is read, then unpacked piece by piece, so that every
 * byte is accounted for: nothing is believed before the sizes in the header, the stream
 * and the file agree. May call base and zlib. */
#define ZLIB_CONST 1
#include "engine/data/idx.h"
#include "engine/base/file.h"
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { FILE_LIMIT = 512 << 20, UNSIGNED_BYTES = 0x08 };

/* The file's bytes, unpacked as they are asked for. */
typedef struct Bytes {
    const char *path;
    const unsigned char *next; /* plain files */
    size_t left;
    bool packed, ended; /* ended: the gzip stream came to its proper end */
    z_stream zip;
} Bytes;

static Status bytes_open(Bytes *bytes, const char *path, const char *data, size_t size,
                         Error *error)
{
    *bytes = (Bytes){.path = path, .next = (const unsigned char *)data, .left = size};
    bytes->packed = size >= 2 && bytes->next[0] == 0x1f && bytes->next[1] == 0x8b;
    if (!bytes->packed)
        return STATUS_OK;
    bytes->zip.next_in = bytes->next;
    bytes->zip.avail_in = (uInt)size;
    if (inflateInit2(&bytes->zip, 16 + MAX_WBITS) != Z_OK) /* 16: gzip only, checksum checked */
        return fail(error, STATUS_FAILED, "%s: no memory to unpack it", path);
    return STATUS_OK;
}

static void bytes_close(Bytes *bytes)
{
    if (bytes->packed)
        inflateEnd(&bytes->zip);
}

static Status unpack(Bytes *bytes, void *out, size_t want, size_t *got, Error *error)
{
    z_stream *zip = &bytes->zip;
    zip->next_out = out;
    zip->avail_out = (uInt)want;
    while (zip->avail_out > 0 && !bytes->ended) {
        int result = inflate(zip, Z_NO_FLUSH);
        if (result == Z_STREAM_END)
            bytes->ended = true;
        else if (result == Z_BUF_ERROR)
            return fail(error, STATUS_BAD_INPUT, "%s: the gzip file is cut short; fetch it again",
                        bytes->path);
        else if (result != Z_OK)
            return fail(error, STATUS_BAD_INPUT, "%s: damaged gzip file (%s); fetch it again",
                        bytes->path, zip->msg ? zip->msg : "unreadable");
    }
    *got = want - zip->avail_out;
    return STATUS_OK;
}

/* Up to `want` bytes; fewer only at the proper end. */
static Status take(Bytes *bytes, void *out, size_t want, size_t *got, Error *error)
{
    if (bytes->packed)
        return unpack(bytes, out, want, got, error);
    *got = want < bytes->left ? want : bytes->left;
    memcpy(out, bytes->next, *got);
    bytes->next += *got;
    bytes->left -= *got;
    return STATUS_OK;
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
                    bytes->path, got);
    if (magic[0] || magic[1] || magic[2] != UNSIGNED_BYTES || magic[3] != rank)
        return fail(error, STATUS_BAD_INPUT,
                    "%s: starts with 0x%08x; expected 0x%08x, IDX of unsigned bytes in %d "
                    "dimension%s",
                    bytes->path, (unsigned)big_endian(magic),
                    (unsigned)(UNSIGNED_BYTES << 8 | rank), rank, rank == 1 ? "" : "s");
    return STATUS_OK;
}

static Status read_sizes(Bytes *bytes, int rank, Idx *idx, size_t *total, Error *error)
{
    unsigned char b[16];
    size_t got;
    Status status = take(bytes, b, 4 * (size_t)rank, &got, error);
    if (status != STATUS_OK)
        return status;
    if (got < 4 * (size_t)rank)
        return fail(error, STATUS_BAD_INPUT, "%s: ends inside its header; expected %d sizes",
                    bytes->path, rank);
    idx->rank = rank;
    *total = 1;
    for (int k = 0; k < rank; k++) {
        uint32_t size = big_endian(b + 4 * k);
        if (size == 0 || size > (size_t)INT_MAX / *total)
            return fail(error, STATUS_BAD_INPUT,
                        "%s: size %d is %u; expected at least 1 and under 2 GiB in all",
                        bytes->path, k + 1, (unsigned)size);
        idx->size[k] = (int)size;
        *total *= size;
    }
    return STATUS_OK;
}

static Status read_payload(Bytes *bytes, size_t total, uint8_t *out, Error *error)
{
    size_t got, past;
    unsigned char extra;
    Status status = take(bytes, out, total, &got, error);
    if (status == STATUS_OK && got < total)
        return fail(error, STATUS_BAD_INPUT,
                    "%s: ends after %zu of the %zu bytes its header announces", bytes->path, got,
                    total);
    if (status == STATUS_OK)
        status = take(bytes, &extra, 1, &past, error);
    if (status != STATUS_OK)
        return status;
    if (past > 0 || (bytes->packed && bytes->zip.avail_in > 0))
        return fail(error, STATUS_BAD_INPUT, "%s: goes on after the %zu bytes its header announces",
                    bytes->path, total);
    return STATUS_OK;
}

/* A header that promises more than the file can hold is caught before memory is asked
 * for: deflate packs at most about 1032 to 1. */
static Status check_room(const Bytes *bytes, size_t total, size_t file_size, Error *error)
{
    size_t most = bytes->packed ? file_size * 1040 : file_size;
    if (total <= most)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "%s: its header announces %zu bytes, more than a file of %zu can hold", bytes->path,
                total, file_size);
}

static Status read_bytes(Bytes *bytes, int rank, size_t file_size, Idx *idx, Error *error)
{
    size_t total = 0;
    Status status = read_magic(bytes, rank, error);
    if (status == STATUS_OK)
        status = read_sizes(bytes, rank, idx, &total, error);
    if (status == STATUS_OK)
        status = check_room(bytes, total, file_size, error);
    if (status != STATUS_OK)
        return status;
    idx->bytes = malloc(total);
    if (!idx->bytes)
        return fail(error, STATUS_FAILED, "%s: no memory for its %zu bytes", bytes->path, total);
    status = read_payload(bytes, total, idx->bytes, error);
    if (status != STATUS_OK) {
        free(idx->bytes);
        idx->bytes = NULL;
    }
    return status;
}

Status idx_read(const char *path, int rank, Idx *idx, Error *error)
{
    must(rank >= 1 && rank <= 4);
    *idx = (Idx){0};
    char *data;
    size_t size;
    Bytes bytes;
    Status status = file_read(path, FILE_LIMIT, &data, &size, error);
    if (status != STATUS_OK)
        return status;
    status = bytes_open(&bytes, path, data, size, error);
    if (status == STATUS_OK) {
        status = read_bytes(&bytes, rank, size, idx, error);
        bytes_close(&bytes);
    }
    free(data);
    return status;
}
