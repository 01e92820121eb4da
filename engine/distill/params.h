/* Every hyper-parameter of a run: the shared sections, then one section per method. */
#ifndef DDIL_PARAMS_H
#define DDIL_PARAMS_H

#include "engine/base/param.h"

/* An empty Config with all rows of all sections at their defaults. */
void lab_config_init(Config *config);
/* The row at this index of such a Config, and the method it belongs to ("": shared); NULL past the
 * end. */
const ParamRow *lab_param_row(int index, const char **method);
/* Where a preset is, by path or name; false: nowhere. */
bool lab_find_preset(const char *preset, char path[1024]);
/* Finds a preset by path, or by name in presets/ (working folder, beside the program, installed
 * data folder); reads it over `config`. BAD_INPUT lists the nearest names when there is none. */
Status lab_config_preset(Config *config, const char *preset, Error *error);
/* Checks that go over several rows (priors not all zero, sites, files, grid multiples), with
 * file:line. */
Status lab_config_check(const Config *config, Error *error);
/* Folders where presets, and shipped assets, are looked for, in order; NULL-terminated path in
 * `path`. Returns false when exhausted. */
bool lab_data_folder(int index, const char *kind /* "presets" or "assets" */, char path[1024]);
/* A weights file by its name as it stands, or among the shipped assets; `name` itself when there is
 * none. */
void lab_find_asset(const char *name, char path[1024]);

/* What a label of a data set is called, NULL: it has a number only. Any thread. */
const char *lab_class_name(const char *data, int label);

#endif
