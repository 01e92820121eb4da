/* Numbers out of texts and files: the one way that either becomes an int, a long or a double. Each
 * conversion has bounds and says whether it was one; what was not leaves *value as it was. */
#ifndef DDIL_NUMBER_H
#define DDIL_NUMBER_H

#include <stdbool.h>

/* Most steps a file may speak of: a step fits an int, and twice a step does too. */
enum { STEP_MOST = 1000000000 };

/* All of `text` is a decimal whole number, signed or not, in low..high. */
bool number_whole(const char *text, long low, long high, long *value);
/* number_whole for an int. */
bool number_int(const char *text, int low, int high, int *value);
/* The whole number that *text begins with; *text then stands behind it. */
bool number_lead(const char **text, long low, long high, long *value);

/* All of `text` is a number as strtod reads it, not finite ones included. */
bool number_real(const char *text, double *value);
/* number_real as a value, `otherwise` when it is none. */
double number_value(const char *text, double otherwise);
/* The number that *text begins with; *text then stands behind it. */
bool number_lead_real(const char **text, double *value);
/* All of "WIDTHxHEIGHT", each in 1..most. */
bool number_pair(const char *text, int most, int *width, int *height);

/* A double as an int: its whole part when that lies in low..high, else `otherwise` (NaN too). */
int number_floor(double real, int low, int high, int otherwise);

#endif
