/* What the reader and the writer of safetensors share. */
#ifndef DDIL_SAFETENSORS_PARTS_H
#define DDIL_SAFETENSORS_PARTS_H

#include <stddef.h>

enum { LENGTH_SIZE = 8 };                      /* bytes of the header's length, before it */
static const char TENSOR_CHECKSUM[] = "crc32"; /* the metadata key */

/* Goes on with a CRC-32 over more bytes; begin with 0. */
unsigned long tensor_checksum(unsigned long crc, const void *data, size_t size);

#endif
