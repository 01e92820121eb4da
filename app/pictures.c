/* Owns copies of the pictures on screen and their order of sending. See pictures.h for
 * the invariants. */
#include "app/pictures.h"

#include <stdlib.h>
#include <string.h>

static const double answer_s = 3;

void pictures_init(Pictures *pictures, double now)
{
    *pictures = (Pictures){.tokens = PICTURES_BYTES_PER_S, .filled_at = now};
}

static void remove_exhibit(Pictures *pictures, int i)
{
    free(pictures->exhibit[i].picture.pixels);
    pictures->exhibit[i] = pictures->exhibit[--pictures->n];
}

void pictures_done(Pictures *pictures)
{
    while (pictures->n > 0) {
        remove_exhibit(pictures, 0);
    }
}

/* FNV-1a over everything that is drawn. */
static uint64_t hash(uint64_t h, const void *data, size_t n)
{
    const unsigned char *byte = data;
    for (size_t i = 0; i < n; i++) {
        h = (h ^ byte[i]) * 0x100000001b3u;
    }
    return h;
}

static uint64_t content_of(const Picture *picture)
{
    uint64_t h = hash(0xcbf29ce484222325u, picture->palette, sizeof picture->palette);
    h = hash(h, &picture->width, sizeof picture->width);
    return hash(h, picture->pixels, (size_t)picture->width * (size_t)picture->height);
}

static void append_erase(Bytes *out, Rect cells)
{
    bytes_print(out, "\0337\033[0m");
    for (int y = 0; y < cells.height; y++) {
        bytes_print(out, "\033[%d;%dH", cells.y + y + 1, cells.x + 1);
        for (int x = 0; x < cells.width; x++) {
            bytes_add(out, " ", 1);
        }
    }
    bytes_print(out, "\0338");
}

static bool same_place(const Picture *a, const Picture *b)
{
    return memcmp(&a->cells, &b->cells, sizeof a->cells) == 0 && a->width == b->width &&
           a->height == b->height;
}

static void want(Pictures *pictures, const Picture *picture)
{
    uint64_t content = content_of(picture);
    size_t size = (size_t)picture->width * (size_t)picture->height;
    for (int i = 0; i < pictures->n; i++) {
        Exhibit *exhibit = &pictures->exhibit[i];
        if (same_place(&exhibit->picture, picture)) {
            exhibit->wanted = true;
            if (exhibit->content !=
                content) { /* replaced where it hangs: erasing first would flicker */
                memcpy(exhibit->picture.pixels, picture->pixels, size);
                memcpy(exhibit->picture.palette, picture->palette,
                       sizeof picture->palette);
                exhibit->content = content;
                exhibit->fresh = false;
            }
            return;
        }
    }
    must(pictures->n < (int)(sizeof pictures->exhibit / sizeof *pictures->exhibit));
    Exhibit *exhibit = &pictures->exhibit[pictures->n++];
    *exhibit = (Exhibit){.picture = *picture, .content = content, .wanted = true};
    exhibit->picture.pixels = malloc(size);
    must(exhibit->picture.pixels != NULL);
    memcpy(exhibit->picture.pixels, picture->pixels, size);
}

static bool place_is_wanted(const Canvas *canvas, const Picture *picture)
{
    for (int i = 0; i < canvas->pictures; i++) {
        if (same_place(&canvas->picture[i], picture)) {
            return true;
        }
    }
    return false;
}

void pictures_take(Pictures *pictures, const Canvas *canvas, Bytes *erase)
{
    for (int i = pictures->n - 1; i >= 0; i--) {
        Exhibit *exhibit = &pictures->exhibit[i];
        exhibit->wanted = place_is_wanted(canvas, &exhibit->picture);
        if (!exhibit->wanted) {
            if (exhibit->hung) {
                append_erase(erase, exhibit->picture.cells);
            }
            remove_exhibit(pictures, i);
        }
    }
    for (int i = 0; i < canvas->pictures; i++) {
        want(pictures, &canvas->picture[i]);
    }
}

static void refill(Pictures *pictures, double now)
{
    pictures->tokens += (now - pictures->filled_at) * PICTURES_BYTES_PER_S;
    pictures->tokens =
        pictures->tokens > PICTURES_BYTES_PER_S ? PICTURES_BYTES_PER_S : pictures->tokens;
    pictures->filled_at = now;
}

static Exhibit *first_stale(Pictures *pictures)
{
    for (int i = 0; i < pictures->n; i++) {
        if (!pictures->exhibit[i].fresh) {
            return &pictures->exhibit[i];
        }
    }
    return NULL;
}

/* No answer in 3 s: once more, then pictures pause. */
static void give_up_waiting(Pictures *pictures, double now)
{
    if (pictures->in_flight && now - pictures->sent_at >= answer_s) {
        pictures->in_flight = false;
        pictures->paused = ++pictures->unanswered > 1;
    }
}

bool pictures_next(Pictures *pictures, double now, bool synchronised, Bytes *out)
{
    give_up_waiting(pictures, now);
    refill(pictures, now);
    Exhibit *exhibit = first_stale(pictures);
    bool may = !pictures->in_flight && !pictures->paused && now >= pictures->not_before &&
               pictures->tokens > 0;
    if (exhibit == NULL || !may) {
        return false;
    }
    size_t before = out->n;
    bytes_print(out, "%s\0337\033[%d;%dH", synchronised ? "\033[?2026h" : "",
                exhibit->picture.cells.y + 1, exhibit->picture.cells.x + 1);
    exhibit->fresh = exhibit->hung = true;
    if (sixel_append(out, &exhibit->picture, NULL) != STATUS_OK) {
        out->n = before; /* not this picture, then */
        return false;
    }
    bytes_print(out, "\0338%s\033[5n", synchronised ? "\033[?2026l" : "");
    pictures->tokens -=
        (double)(out->n - before); /* may go below zero: then the next one waits */
    pictures->in_flight = true;
    pictures->sending = exhibit->picture.cells;
    pictures->sent_at = now;
    return true;
}

void pictures_acknowledged(Pictures *pictures, double now)
{
    (void)now;
    pictures->in_flight = pictures->paused = false;
    pictures->unanswered = 0;
}

void pictures_cancel(Pictures *pictures)
{
    for (int i = 0; i < pictures->n; i++) {
        Exhibit *exhibit = &pictures->exhibit[i];
        if (memcmp(&exhibit->picture.cells, &pictures->sending, sizeof(Rect)) == 0) {
            exhibit->fresh = false;
        }
    }
    pictures->in_flight = false;
}

double pictures_wait(const Pictures *pictures, double now)
{
    bool stale = false;
    for (int i = 0; i < pictures->n; i++) {
        stale = stale || !pictures->exhibit[i].fresh;
    }
    if (!stale || pictures->paused) {
        return -1;
    }
    double quiet = pictures->not_before - now;
    double answer = pictures->in_flight ? pictures->sent_at + answer_s - now : 0;
    double tokens =
        pictures->tokens > 0 ? 0 : (1 - pictures->tokens) / PICTURES_BYTES_PER_S;
    double wait = quiet > answer ? quiet : answer;
    wait = wait > tokens ? wait : tokens;
    return wait > 0 ? wait : 0;
}

void pictures_forget(Pictures *pictures, double when)
{
    for (int i = 0; i < pictures->n; i++) {
        pictures->exhibit[i].hung = pictures->exhibit[i].fresh = false;
    }
    pictures->not_before = when;
    pictures->in_flight = pictures->paused = false;
    pictures->unanswered = 0;
}

void pictures_erase(Pictures *pictures, double when, Bytes *out)
{
    for (int i = 0; i < pictures->n; i++) {
        if (pictures->exhibit[i].hung) {
            append_erase(out, pictures->exhibit[i].picture.cells);
        }
    }
    pictures_forget(pictures, when);
}
