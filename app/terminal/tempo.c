/* Owns the pace of drawing. See tempo.h. */
#include "app/terminal/tempo.h"

static const double text_s = 0.2, pictures_s = 0.5, eager_s = 1, eager_pause_s = 0.1;

static double pause_of(const Tempo *tempo, double now, Due what)
{
    return now < tempo->eager_until ? eager_pause_s : what == DUE_ALL ? pictures_s : text_s;
}

void tempo_data(Tempo *tempo) { tempo->text_stale = tempo->pictures_stale = true; }

void tempo_key(Tempo *tempo, double now) { tempo->eager_until = now + eager_s; }

Due tempo_due(const Tempo *tempo, double now)
{
    if (tempo->pictures_stale && now - tempo->pictures_at >= pause_of(tempo, now, DUE_ALL))
        return DUE_ALL;
    bool text = tempo->text_stale && now - tempo->text_at >= pause_of(tempo, now, DUE_TEXT);
    return text ? DUE_TEXT : DUE_NOTHING;
}

void tempo_drawn(Tempo *tempo, double now, Due what)
{
    tempo->text_stale = false;
    tempo->text_at = now;
    if (what == DUE_ALL) {
        tempo->pictures_stale = false;
        tempo->pictures_at = now;
    }
}

double tempo_wait(const Tempo *tempo, double now)
{
    double text = tempo->text_at + pause_of(tempo, now, DUE_TEXT) - now;
    double pictures = tempo->pictures_at + pause_of(tempo, now, DUE_ALL) - now;
    double wait = -1;
    if (tempo->text_stale)
        wait = text > 0 ? text : 0;
    if (tempo->pictures_stale && (wait < 0 || pictures < wait))
        wait = pictures > 0 ? pictures : 0;
    return wait;
}
