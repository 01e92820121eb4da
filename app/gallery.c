/* Owns copies of the pictures on screen and their order of sending. See gallery.h for the invariants. */
#include "app/gallery.h"

#include <stdlib.h>
#include <string.h>

static const double answer_s = 3;

void gallery_init(Gallery *gallery, double now)
{
    *gallery = (Gallery){.tokens = GALLERY_BYTES_PER_S, .filled_at = now};
}

static void remove_exhibit(Gallery *gallery, int i)
{
    free(gallery->exhibit[i].picture.pixels);
    gallery->exhibit[i] = gallery->exhibit[--gallery->n];
}

void gallery_done(Gallery *gallery)
{
    while (gallery->n > 0) {
        remove_exhibit(gallery, 0);
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
    return memcmp(&a->cells, &b->cells, sizeof a->cells) == 0 && a->width == b->width && a->height == b->height;
}

static void want(Gallery *gallery, const Picture *picture)
{
    uint64_t content = content_of(picture);
    size_t size = (size_t)picture->width * (size_t)picture->height;
    for (int i = 0; i < gallery->n; i++) {
        Exhibit *exhibit = &gallery->exhibit[i];
        if (same_place(&exhibit->picture, picture)) {
            exhibit->wanted = true;
            if (exhibit->content != content) { /* replaced where it hangs: erasing first would flicker */
                memcpy(exhibit->picture.pixels, picture->pixels, size);
                memcpy(exhibit->picture.palette, picture->palette, sizeof picture->palette);
                exhibit->content = content;
                exhibit->fresh = false;
            }
            return;
        }
    }
    must(gallery->n < (int)(sizeof gallery->exhibit / sizeof *gallery->exhibit));
    Exhibit *exhibit = &gallery->exhibit[gallery->n++];
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

void gallery_take(Gallery *gallery, const Canvas *canvas, Bytes *erase)
{
    for (int i = gallery->n - 1; i >= 0; i--) {
        Exhibit *exhibit = &gallery->exhibit[i];
        exhibit->wanted = place_is_wanted(canvas, &exhibit->picture);
        if (!exhibit->wanted) {
            if (exhibit->hung) {
                append_erase(erase, exhibit->picture.cells);
            }
            remove_exhibit(gallery, i);
        }
    }
    for (int i = 0; i < canvas->pictures; i++) {
        want(gallery, &canvas->picture[i]);
    }
}

static void refill(Gallery *gallery, double now)
{
    gallery->tokens += (now - gallery->filled_at) * GALLERY_BYTES_PER_S;
    gallery->tokens = gallery->tokens > GALLERY_BYTES_PER_S ? GALLERY_BYTES_PER_S : gallery->tokens;
    gallery->filled_at = now;
}

static Exhibit *first_stale(Gallery *gallery)
{
    for (int i = 0; i < gallery->n; i++) {
        if (!gallery->exhibit[i].fresh) {
            return &gallery->exhibit[i];
        }
    }
    return NULL;
}

/* No answer in 3 s: once more, then pictures pause. */
static void give_up_waiting(Gallery *gallery, double now)
{
    if (gallery->in_flight && now - gallery->sent_at >= answer_s) {
        gallery->in_flight = false;
        gallery->paused = ++gallery->unanswered > 1;
    }
}

bool gallery_next(Gallery *gallery, double now, bool synchronised, Bytes *out)
{
    give_up_waiting(gallery, now);
    refill(gallery, now);
    Exhibit *exhibit = first_stale(gallery);
    bool may = !gallery->in_flight && !gallery->paused && now >= gallery->not_before && gallery->tokens > 0;
    if (exhibit == NULL || !may) {
        return false;
    }
    size_t before = out->n;
    bytes_print(out, "%s\0337\033[%d;%dH", synchronised ? "\033[?2026h" : "", exhibit->picture.cells.y + 1,
                exhibit->picture.cells.x + 1);
    exhibit->fresh = exhibit->hung = true;
    if (sixel_append(out, &exhibit->picture, NULL) != STATUS_OK) {
        out->n = before; /* not this picture, then */
        return false;
    }
    bytes_print(out, "\0338%s\033[5n", synchronised ? "\033[?2026l" : "");
    gallery->tokens -= (double)(out->n - before); /* may go below zero: then the next one waits */
    gallery->in_flight = true;
    gallery->sent_at = now;
    return true;
}

void gallery_acknowledged(Gallery *gallery, double now)
{
    (void)now;
    gallery->in_flight = gallery->paused = false;
    gallery->unanswered = 0;
}

double gallery_wait(const Gallery *gallery, double now)
{
    bool stale = false;
    for (int i = 0; i < gallery->n; i++) {
        stale = stale || !gallery->exhibit[i].fresh;
    }
    if (!stale || gallery->paused) {
        return -1;
    }
    double quiet = gallery->not_before - now;
    double answer = gallery->in_flight ? gallery->sent_at + answer_s - now : 0;
    double tokens = gallery->tokens > 0 ? 0 : (1 - gallery->tokens) / GALLERY_BYTES_PER_S;
    double wait = quiet > answer ? quiet : answer;
    wait = wait > tokens ? wait : tokens;
    return wait > 0 ? wait : 0;
}

void gallery_forget(Gallery *gallery, double when)
{
    for (int i = 0; i < gallery->n; i++) {
        gallery->exhibit[i].hung = gallery->exhibit[i].fresh = false;
    }
    gallery->not_before = when;
    gallery->in_flight = gallery->paused = false;
    gallery->unanswered = 0;
}

void gallery_erase(Gallery *gallery, double when, Bytes *out)
{
    for (int i = 0; i < gallery->n; i++) {
        if (gallery->exhibit[i].hung) {
            append_erase(out, gallery->exhibit[i].picture.cells);
        }
    }
    gallery_forget(gallery, when);
}
