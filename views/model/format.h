/* Numbers as people read them on a screen, in few cells. Pure. */
#ifndef DDIL_FORMAT_H
#define DDIL_FORMAT_H

#include <stddef.h>

enum { FORMAT_SIZE = 24 };

/* 12480 -> "12 480" */
const char *format_count(char text[FORMAT_SIZE], double count);
/* 12480 -> "12.5k": at most five cells. */
const char *format_short(char text[FORMAT_SIZE], double count);
/* Four significant digits in at most eight cells: "0.0413", "1.2e-5"; "-" for NaN. */
const char *format_value(char text[FORMAT_SIZE], double value);
/* For the ticks of an axis: as short as it can be, "0.5", "20", "1e-5". */
const char *format_tick(char text[FORMAT_SIZE], double value);
/* 78 -> "01:18"; hours and days when needed; "-" for NaN. */
const char *format_duration(char text[FORMAT_SIZE], double seconds);
/* "pd on ring"; the method alone where nothing says on what. */
void format_subject(char *text, size_t size, const char *method, const char *data);

#endif
