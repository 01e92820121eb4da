/* Owns the conversion of text to numbers. May call libc. */
#include "engine/base/number.h"
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

bool number_lead(const char **text, long low, long high, long *value)
{
    char *end;
    const char *digits = *text + (**text == '-' || **text == '+');
    if (!isdigit((unsigned char)*digits))
        return false;
    errno = 0;
    long number = strtol(*text, &end, 10);
    if (errno || number < low || number > high)
        return false;
    *text = end;
    *value = number;
    return true;
}

bool number_whole(const char *text, long low, long high, long *value)
{
    long number;
    if (!number_lead(&text, low, high, &number) || *text)
        return false;
    *value = number;
    return true;
}

bool number_int(const char *text, int low, int high, int *value)
{
    long number;
    if (!number_whole(text, low, high, &number))
        return false;
    *value = (int)number;
    return true;
}

bool number_lead_real(const char **text, double *value)
{
    char *end;
    double number = strtod(*text, &end);
    if (end == *text)
        return false;
    *text = end;
    *value = number;
    return true;
}

bool number_real(const char *text, double *value)
{
    double number;
    if (!number_lead_real(&text, &number) || *text)
        return false;
    *value = number;
    return true;
}

double number_value(const char *text, double otherwise)
{
    number_real(text, &otherwise);
    return otherwise;
}

bool number_pair(const char *text, int most, int *width, int *height)
{
    long first, second;
    if (!number_lead(&text, 1, most, &first) || *text != 'x' ||
        !number_whole(text + 1, 1, most, &second))
        return false;
    *width = (int)first;
    *height = (int)second;
    return true;
}

int number_floor(double real, int low, int high, int otherwise)
{
    double whole = floor(real);
    return whole >= low && whole <= high ? (int)whole : otherwise;
}
