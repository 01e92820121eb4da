/* Owns nothing; see the header. */
#include "views/model/format.h"
#include "engine/base/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *format_count(char text[FORMAT_SIZE], double count)
{
    char digits[FORMAT_SIZE];
    if (!(fabs(count) < 1e15)) {
        snprintf(text, FORMAT_SIZE, "-");
        return text;
    }
    int n = snprintf(digits, sizeof digits, "%.0f", count), out = 0;
    for (int i = 0; i < n && out < FORMAT_SIZE - 2; i++) {
        if (i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-')
            text[out++] = ' ';
        text[out++] = digits[i];
    }
    text[out] = '\0';
    return text;
}

const char *format_short(char text[FORMAT_SIZE], double count)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P"};
    size_t unit = 0;
    if (!isfinite(count))
        return strcpy(text, "-");
    while (fabs(count) >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
        count /= 1000;
        unit++;
    }
    int digits = unit == 0 || fabs(count) >= 99.95 ? 0 : 1;
    snprintf(text, FORMAT_SIZE, "%.*f%s", digits, count, units[unit]);
    return text;
}

const char *format_value(char text[FORMAT_SIZE], double value)
{
    if (isnan(value))
        return strcpy(text, "-");
    if (isinf(value))
        return strcpy(text, value > 0 ? "inf" : "-inf");
    double size = fabs(value);
    if (size != 0 && (size < 9.995e-4 || size >= 99999.5)) {
        char mantissa[FORMAT_SIZE];
        snprintf(mantissa, sizeof mantissa, "%.1e", value);
        char *e = strchr(mantissa, 'e');
        int exponent = 0;
        *e++ = '\0';
        number_int(e, -400, 400, &exponent);
        snprintf(text, FORMAT_SIZE, "%.8se%d", mantissa, exponent);
        return text;
    }
    int decimals = 4 - (size >= 0.99995) - (size >= 9.9995) - (size >= 99.995) - (size >= 999.95);
    snprintf(text, FORMAT_SIZE, "%.*f", decimals, value);
    return text;
}

const char *format_tick(char text[FORMAT_SIZE], double value)
{
    double size = fabs(value);
    if (size >= 9.995e-4 && size < 99999.5) {
        snprintf(text, FORMAT_SIZE, "%.4g", value);
        return text;
    }
    int exponent = size > 0 ? (int)floor(log10(size) + 1e-9) : 0;
    snprintf(text, FORMAT_SIZE, exponent != 0 ? "%.3ge%d" : "%.3g", value / pow(10, exponent),
             exponent);
    return text;
}

const char *format_duration(char text[FORMAT_SIZE], double seconds)
{
    if (!(seconds >= 0 && seconds < 1e9))
        return strcpy(text, "-");
    long s = lround(seconds), days = s / 86400, hours = s / 3600 % 24, minutes = s / 60 % 60;
    if (days > 0)
        snprintf(text, FORMAT_SIZE, "%ldd %02ldh", days, hours);
    else if (hours > 0)
        snprintf(text, FORMAT_SIZE, "%ld:%02ld:%02ld", hours, minutes, s % 60);
    else
        snprintf(text, FORMAT_SIZE, "%02ld:%02ld", minutes, s % 60);
    return text;
}

void format_subject(char *text, size_t size, const char *method, const char *data)
{
    snprintf(text, size, "%s%s%s", method, *data ? " on " : "", data);
}
