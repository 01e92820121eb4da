/* When data that changed are drawn: text five times a second, pictures twice, for a picture
 * costs more to draw and to send than all text together. A person's keys are answered at
 * once; for a second after one, data are drawn in whole ten times a second, since what a
 * key asked for may come later. A pure state machine over times in seconds. */
#ifndef DDIL_TEMPO_H
#define DDIL_TEMPO_H

#include <stdbool.h>

typedef enum Due { DUE_NOTHING, DUE_TEXT, DUE_ALL } Due;

typedef struct Tempo {
    bool text_stale, pictures_stale;
    double text_at, pictures_at; /* drawn last */
    double eager_until;
} Tempo;

/* Newer data are there. */
void tempo_data(Tempo *tempo);
/* A key was pressed. */
void tempo_key(Tempo *tempo, double now);
/* What is to be drawn now for data's sake. */
Due tempo_due(const Tempo *tempo, double now);
/* All that was stale, or its text, was drawn. */
void tempo_drawn(Tempo *tempo, double now, Due what);
/* Seconds until something is due; negative: never. */
double tempo_wait(const Tempo *tempo, double now);

#endif
