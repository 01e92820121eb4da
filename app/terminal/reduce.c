/* Owns the making of plainer pictures. See reduce.h. Calls libc only. */
#include "app/terminal/reduce.h"

#include <string.h>

static size_t pixel_count(const Picture *picture)
{
    return (size_t)picture->width * (size_t)picture->height;
}

int picture_colours(const Picture *picture)
{
    int highest = 0;
    for (size_t i = 0; i < pixel_count(picture); i++)
        highest = picture->pixels[i] > highest ? picture->pixels[i] : highest;
    return highest + 1;
}

typedef struct Group {
    double rgb[3];
    size_t pixels; /* 0: not used */
} Group;

static double distance(const double *a, const double *b)
{
    double sum = 0;
    for (int c = 0; c < 3; c++)
        sum += (a[c] - b[c]) * (a[c] - b[c]);
    return sum;
}

static int count_groups(const Picture *picture, Group *group)
{
    int used = 0;
    for (size_t i = 0; i < pixel_count(picture); i++)
        group[picture->pixels[i]].pixels++;
    for (int g = 0; g < PICTURE_COLOURS; g++) {
        for (int c = 0; c < 3; c++)
            group[g].rgb[c] = picture->palette[g][c];
        used += group[g].pixels > 0;
    }
    return used;
}

/* The lower index takes the higher one in; to[] follows. */
static void merge(Group *group, int *to, int a, int b)
{
    double whole = (double)(group[a].pixels + group[b].pixels);
    for (int c = 0; c < 3; c++) {
        group[a].rgb[c] = (group[a].rgb[c] * (double)group[a].pixels +
                           group[b].rgb[c] * (double)group[b].pixels) /
                          whole;
    }
    group[a].pixels += group[b].pixels;
    group[b].pixels = 0;
    for (int g = 0; g < PICTURE_COLOURS; g++)
        to[g] = to[g] == b ? a : to[g];
}

static void merge_nearest(Group *group, int *to)
{
    int best_a = -1, best_b = -1;
    double best = 0;
    for (int a = 0; a < PICTURE_COLOURS; a++) {
        for (int b = a + 1; b < PICTURE_COLOURS; b++) {
            double d = distance(group[a].rgb, group[b].rgb);
            bool both = group[a].pixels > 0 && group[b].pixels > 0;
            if (both && (best_a < 0 || d < best)) {
                best = d;
                best_a = a;
                best_b = b;
            }
        }
    }
    merge(group, to, best_a, best_b);
}

/* Two groups around the background and what differs most from it. */
static void split_in_two(Group *group, int *to, const double *ground)
{
    double most = 0;
    int first[2] = {-1, -1};
    for (int g = 0; g < PICTURE_COLOURS; g++) {
        double d = group[g].pixels > 0 ? distance(group[g].rgb, ground) : 0;
        most = d > most ? d : most;
    }
    for (int g = 0; g < PICTURE_COLOURS; g++) {
        if (group[g].pixels > 0) { /* squares: half the way is a quarter */
            int side = 4 * distance(group[g].rgb, ground) > most;
            if (first[side] < 0)
                first[side] = g;
            else
                merge(group, to, first[side], g);
        }
    }
}

void thin_colours(Picture *picture, int colours)
{
    Group group[PICTURE_COLOURS] = {{{0}, 0}};
    int to[PICTURE_COLOURS], place[PICTURE_COLOURS], n = 0;
    double ground[3] = {picture->palette[0][0], picture->palette[0][1], picture->palette[0][2]};
    int used = count_groups(picture, group);
    for (int g = 0; g < PICTURE_COLOURS; g++)
        to[g] = g;
    if (colours == 2 && used > 2)
        split_in_two(group, to, ground);
    for (; colours > 2 && used > colours; used--)
        merge_nearest(group, to);
    for (int g = 0; g < PICTURE_COLOURS; g++) {
        place[g] = n;
        if (group[g].pixels > 0) {
            for (int c = 0; c < 3; c++)
                picture->palette[n][c] = (uint8_t)(group[g].rgb[c] + 0.5);
            n++;
        }
    }
    for (size_t i = 0; i < pixel_count(picture); i++)
        picture->pixels[i] = (uint8_t)place[to[picture->pixels[i]]];
}

static uint8_t colour_of_block(const Picture *picture, int x, int y, int scale)
{
    for (int v = y; v < y + scale && v < picture->height; v++) {
        for (int u = x; u < x + scale && u < picture->width; u++) {
            uint8_t colour = picture->pixels[v * picture->width + u];
            if (colour != 0)
                return colour;
        }
    }
    return 0;
}

void thin_pixels(Picture *picture, int scale)
{
    for (int y = 0; y < picture->height; y += scale) {
        for (int x = 0; x < picture->width; x += scale) {
            uint8_t colour = colour_of_block(picture, x, y, scale);
            int width = picture->width - x < scale ? picture->width - x : scale;
            for (int v = y; v < y + scale && v < picture->height; v++)
                memset(picture->pixels + v * picture->width + x, colour, (size_t)width);
        }
    }
}
