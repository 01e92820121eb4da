/* The methods there are. A new one is one file and one row. */
#include "engine/distill/methods.h"
#include "engine/distill/method.h"
#include <string.h>

const Method *const methods[] = {&method_diffusion, &method_pd,       &method_lcm,
                                 &method_dmd2,      &method_shortcut, &method_ct};
const int method_count = (int)(sizeof methods / sizeof *methods);

const Method *method_find(const char *name)
{
    for (int i = 0; i < method_count; i++)
        if (!strcmp(methods[i]->name, name))
            return methods[i];
    return NULL;
}
