/* Owns copies of the pictures on screen and their order of sending. See pictures.h for
 * the invariants. */
#include "app/terminal/pictures.h"

#include "app/terminal/cells.h"
#include "app/terminal/kitty.h"
#include "app/terminal/palette.h"
#include "app/terminal/probe.h"
#include "app/terminal/reduce.h"
#include <stdlib.h>
#include <string.h>

static const double answer_s = 3; /* of a terminal */

static double later(double a, double b) { return a > b ? a : b; }

void pictures_init(Pictures *pictures, double now, double patience)
{
    *pictures = (Pictures){.patience = patience > 0 ? patience : answer_s};
    governor_init(&pictures->governor, now);
    pictures->governor.steady = patience > 0;
}

static void remove_exhibit(Pictures *pictures, int i)
{
    free(pictures->exhibit[i].picture.pixels);
    pictures->exhibit[i] = pictures->exhibit[--pictures->n];
}

void pictures_done(Pictures *pictures)
{
    while (pictures->n > 0)
        remove_exhibit(pictures, 0);
}

/* Spaces: the only thing that takes a sixel away on every terminal. */
static void append_blanks(Bytes *out, Rect cells)
{
    bytes_print(out, "\0337\033[0m");
    for (int y = 0; y < cells.height; y++) {
        bytes_print(out, "\033[%d;%dH", cells.y + y + 1, cells.x + 1);
        for (int x = 0; x < cells.width; x++)
            bytes_add(out, " ", 1);
    }
    bytes_print(out, "\0338");
}

static void append_erase(Bytes *out, const Exhibit *exhibit)
{
    if (exhibit->number > 0)
        kitty_erase(out, exhibit->number);
    else
        append_blanks(out, exhibit->picture.cells);
}

static bool same_place(const Picture *a, const Picture *b)
{
    return memcmp(&a->cells, &b->cells, sizeof a->cells) == 0 && a->width == b->width &&
           a->height == b->height && a->coloured == b->coloured;
}

static bool same_content(const Picture *a, const Picture *b)
{
    size_t size = picture_size(a);
    return memcmp(a->palette, b->palette, sizeof a->palette) == 0 &&
           memcmp(a->pixels, b->pixels, size) == 0;
}

static void want(Pictures *pictures, const Picture *picture)
{
    size_t size = picture_size(picture);
    for (int i = 0; i < pictures->n; i++) {
        Exhibit *exhibit = &pictures->exhibit[i];
        if (same_place(&exhibit->picture, picture)) {
            exhibit->wanted = true;
            /* replaced where it hangs: erasing first would flicker */
            if (!same_content(&exhibit->picture, picture)) {
                memcpy(exhibit->picture.pixels, picture->pixels, size);
                memcpy(exhibit->picture.palette, picture->palette, sizeof picture->palette);
                exhibit->fresh = false;
            }
            return;
        }
    }
    must(pictures->n < (int)(sizeof pictures->exhibit / sizeof *pictures->exhibit));
    Exhibit *exhibit = &pictures->exhibit[pictures->n++];
    *exhibit = (Exhibit){.picture = *picture, .wanted = true};
    exhibit->number = pictures->speech == SPEECH_KITTY ? ++pictures->numbers : 0;
    exhibit->picture.pixels = malloc(size);
    need(exhibit->picture.pixels);
    memcpy(exhibit->picture.pixels, picture->pixels, size);
}

static bool place_is_wanted(const Canvas *canvas, const Picture *picture)
{
    for (int i = 0; i < canvas->pictures; i++)
        if (same_place(&canvas->picture[i], picture))
            return true;
    return false;
}

/* xterm as a VT340 has sixteen, and as many more as are asked for. */
static void ask_for_registers(Pictures *pictures, const Canvas *canvas, Bytes *out)
{
    bool few = pictures->registers > 0 && pictures->registers < PICTURE_PALETTE;
    for (int i = 0; i < canvas->pictures; i++) {
        if (canvas->picture[i].coloured && few && !pictures->own) {
            pictures->own = pictures->registers;
            bytes_print(out, "\033[?1;3;%dS", PICTURE_PALETTE);
        }
    }
}

void pictures_take(Pictures *pictures, const Canvas *canvas, Bytes *erase)
{
    ask_for_registers(pictures, canvas, erase);
    for (int i = pictures->n - 1; i >= 0; i--) {
        Exhibit *exhibit = &pictures->exhibit[i];
        exhibit->wanted = place_is_wanted(canvas, &exhibit->picture);
        if (!exhibit->wanted) {
            if (exhibit->hung)
                append_erase(erase, exhibit);
            remove_exhibit(pictures, i);
        }
    }
    for (int i = 0; i < canvas->pictures; i++)
        want(pictures, &canvas->picture[i]);
}

/* When the picture may go, as far as its own place is concerned. */
static double due_at(const Pictures *pictures, const Exhibit *exhibit)
{
    return exhibit->hung ? exhibit->sent_at + governor_stage[pictures->governor.stage].period_s : 0;
}

static Exhibit *first_due(Pictures *pictures, double now)
{
    for (int i = 0; i < pictures->n; i++) {
        Exhibit *exhibit = &pictures->exhibit[i];
        if (!exhibit->fresh && now >= due_at(pictures, exhibit))
            return exhibit;
    }
    return NULL;
}

bool pictures_stuck(const Pictures *pictures, double now)
{
    return pictures->in_flight && now - pictures->sent_at >= pictures->patience;
}

/* No answer in time: once more, then pictures pause. */
static void give_up_waiting(Pictures *pictures, double now)
{
    if (pictures_stuck(pictures, now)) {
        pictures->in_flight = false;
        pictures->paused = ++pictures->unanswered > 1;
        governor_silent(&pictures->governor, now);
    }
}

/* All pictures, as large as they would be in STAGE_FULL. */
static double frame_bytes(const Pictures *pictures)
{
    double sum = 0;
    for (int i = 0; i < pictures->n; i++)
        sum += pictures->exhibit[i].bytes;
    return sum;
}

/* Entries of a coloured picture's palette; 0: it needs none. */
static int palette_size(const Pictures *pictures, const StageFacts *facts)
{
    int most = PICTURE_PALETTE, registers = pictures->registers;
    if (facts->colours < PICTURE_COLOURS)
        return facts->colours;
    if (pictures->speech != SPEECH_SIXEL)
        return 0;
    return registers < 2 || registers > most ? most : registers;
}

static Status append_picture(const Pictures *pictures, Bytes *out, const Picture *plain,
                             unsigned number, int scale)
{
    switch (pictures->speech) {
    case SPEECH_KITTY: return kitty_append(out, plain, number, scale, NULL);
    case SPEECH_CELLS: cells_append(out, plain); return STATUS_OK;
    default: return sixel_append(out, plain, NULL);
    }
}

static Status append_plain(const Pictures *pictures, Bytes *out, const Exhibit *exhibit,
                           const StageFacts *facts)
{
    const Picture *picture = &exhibit->picture;
    size_t size = picture_size(picture);
    int entries = palette_size(pictures, facts);
    Picture plain = *picture;
    plain.pixels = malloc(size);
    need(plain.pixels);
    memcpy(plain.pixels, picture->pixels, size);
    if (plain.coloured && entries > 0)
        palette_colours(&plain, entries);
    else if (facts->colours < PICTURE_COLOURS)
        thin_colours(&plain, facts->colours);
    if (facts->scale > 1)
        thin_pixels(&plain, facts->scale);
    Status status = append_picture(pictures, out, &plain, exhibit->number, facts->scale);
    free(plain.pixels);
    return status;
}

/* Encodes it as plainly as the line demands. False: not at all. */
static bool append_fitting(Pictures *pictures, Exhibit *exhibit, double now, bool synchronised,
                           Bytes *out)
{
    Governor *governor = &pictures->governor;
    size_t before = out->n;
    while (governor->stage != STAGE_BLOCKS) {
        const StageFacts *facts = &governor_stage[governor->stage];
        out->n = before;
        bytes_print(out, "%s\0337\033[%d;%dH", synchronised ? "\033[?2026h" : "",
                    exhibit->picture.cells.y + 1, exhibit->picture.cells.x + 1);
        if (append_plain(pictures, out, exhibit, facts) != STATUS_OK)
            break;
        bytes_print(out, "\0338%s%s\033[5n", synchronised ? "\033[?2026l" : "", probe_cell);
        exhibit->bytes = (double)(out->n - before) / facts->cost;
        if (governor_fits(governor, now, frame_bytes(pictures) * facts->cost))
            return true;
    }
    out->n = before;
    return false;
}

bool pictures_next(Pictures *pictures, double now, bool synchronised, Bytes *out)
{
    give_up_waiting(pictures, now);
    governor_tick(&pictures->governor, now);
    Exhibit *exhibit = first_due(pictures, now);
    bool may = !pictures->in_flight && !pictures->paused && now >= pictures->not_before &&
               governor_may(&pictures->governor, now);
    if (!exhibit || !may)
        return false;
    size_t before = out->n;
    exhibit->fresh = true; /* a picture that cannot be encoded is not tried again */
    if (!append_fitting(pictures, exhibit, now, synchronised, out))
        return false;
    exhibit->hung = true;
    exhibit->stage = pictures->governor.stage;
    exhibit->sent_at = now;
    governor_sent(&pictures->governor, now, out->n - before);
    pictures->in_flight = true;
    pictures->sending = exhibit->picture.cells;
    pictures->sent_at = now;
    return true;
}

/* What went out plainer than need be is sent again. */
static void refresh_plain(Pictures *pictures)
{
    const StageFacts *now = &governor_stage[pictures->governor.stage];
    for (int i = 0; i < pictures->n; i++) {
        Exhibit *exhibit = &pictures->exhibit[i];
        const StageFacts *then = &governor_stage[exhibit->stage];
        if (exhibit->hung && (then->colours < now->colours || then->scale > now->scale))
            exhibit->fresh = false;
    }
}

void pictures_acknowledged(Pictures *pictures, double now)
{
    pictures->in_flight = pictures->paused = false;
    pictures->unanswered = 0;
    governor_answered(&pictures->governor, now, frame_bytes(pictures));
    refresh_plain(pictures);
}

void pictures_cancel(Pictures *pictures, double now, Bytes *out)
{
    for (int i = 0; i < pictures->n; i++) {
        Exhibit *exhibit = &pictures->exhibit[i];
        if (memcmp(&exhibit->picture.cells, &pictures->sending, sizeof(Rect)) == 0) {
            exhibit->fresh = false;
            exhibit->sent_at = 0;
            if (exhibit->number > 0)
                kitty_erase(out, exhibit->number);
        }
    }
    if (pictures->in_flight)
        governor_cut(&pictures->governor);
    if (pictures_stuck(pictures, now)) /* the line did not even take it */
        governor_silent(&pictures->governor, now);
    pictures->in_flight = false;
}

double pictures_wait(const Pictures *pictures, double now)
{
    double due = -1;
    for (int i = 0; i < pictures->n; i++) {
        const Exhibit *exhibit = &pictures->exhibit[i];
        if (!exhibit->fresh) {
            double left = later(due_at(pictures, exhibit) - now, 0);
            due = due < 0 || left < due ? left : due;
        }
    }
    if (due < 0 || pictures->paused)
        return governor_trial(&pictures->governor, now);
    double answer = pictures->in_flight ? pictures->sent_at + pictures->patience - now : 0;
    due = later(due, later(pictures->not_before - now, answer));
    return later(due, governor_wait(&pictures->governor, now));
}

void pictures_forget(Pictures *pictures, double when)
{
    for (int i = 0; i < pictures->n; i++)
        pictures->exhibit[i].hung = pictures->exhibit[i].fresh = false;
    pictures->not_before = when;
    pictures->in_flight = pictures->paused = false;
    pictures->unanswered = 0;
}

void pictures_erase(Pictures *pictures, double when, Bytes *out)
{
    for (int i = 0; i < pictures->n; i++)
        if (pictures->exhibit[i].hung)
            append_erase(out, &pictures->exhibit[i]);
    pictures_forget(pictures, when);
}

void pictures_leave(Pictures *pictures, Bytes *out)
{
    pictures_erase(pictures, 0, out);
    if (pictures->own > 0)
        bytes_print(out, "\033[?1;3;%dS", pictures->own);
    pictures->own = 0;
}

void pictures_drop(Pictures *pictures, double when, Rect screen, Bytes *out)
{
    bool sixel = false;
    for (int i = 0; i < pictures->n; i++) {
        bool hung = pictures->exhibit[i].hung, kitty = pictures->exhibit[i].number > 0;
        if (hung && kitty)
            append_erase(out, &pictures->exhibit[i]);
        sixel = sixel || (hung && !kitty);
    }
    if (sixel)
        append_blanks(out, screen);
    pictures_done(pictures);
    pictures_forget(pictures, when);
}

void pictures_speak(Pictures *pictures, Speech speech, int registers, double now, Bytes *out)
{
    if (speech != pictures->speech) {
        pictures_erase(pictures, now, out);
        pictures_done(pictures);
        pictures->speech = speech;
    }
    for (int i = 0; registers != pictures->registers && i < pictures->n; i++)
        if (pictures->exhibit[i].picture.coloured)
            pictures->exhibit[i].fresh = false;
    pictures->registers = registers;
}
