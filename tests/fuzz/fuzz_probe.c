/* What a terminal sends, with a silence wherever a zero byte stands. */
#include "app/terminal/probe.h"
#include "tests/fuzz/fuzz.h"
#include <stdlib.h>

int fuzz_probe(const uint8_t *data, size_t size)
{
    Probe probe;
    InputEvent events[PROBE_EVENTS];
    probe_init(&probe);
    for (size_t i = 0; i < size; i++) {
        int n = data[i] ? probe_feed(&probe, data[i], events) : probe_idle(&probe, events);
        if (n < 0 || n > PROBE_EVENTS)
            abort();
        probe_patience_ms(&probe);
    }
    return 0;
}
