/* Owns the reading of the covariate-shift history. See shift.h. */
#include "views/model/shift.h"

#include <math.h>

/* In units of its null; below nought is none. */
static ShiftCell mmd_cell(float mmd2, float null)
{
    double value = (double)mmd2 / (double)null;
    value = isnan(value) ? NAN : fmax(value, 0);
    return (ShiftCell){value, value > 1};
}

ShiftCell shift_cell(const ShiftView *shift, Reference reference, int column, int row)
{
    int at = column * shift->rows + row;
    ShiftCell cell = {NAN, false};
    switch (reference) {
    case REFERENCE_MMD_FORWARD: cell = mmd_cell(shift->mmd2[at], shift->null95[at]); break;
    case REFERENCE_MMD_TEACHER:
        cell = mmd_cell(shift->mmd2_teacher[at], shift->null95_teacher[at]);
        break;
    case REFERENCE_PAIRED:
        cell.value = shift->paired[at];
        cell.sure = cell.value > 0;
        break;
    default:
        cell.value = shift->ratio[at];
        cell.sure = shift->low[at] > 1;
        break;
    }
    return cell;
}

const char *reference_title(Reference reference)
{
    static const char *const titles[REFERENCES] = {
        [REFERENCE_RATIO] = "error on own states / on forward states",
        [REFERENCE_MMD_FORWARD] = "MMD² to the forward law / its 95 % null",
        [REFERENCE_MMD_TEACHER] = "MMD² to the teacher's law / its 95 % null",
        [REFERENCE_PAIRED] = "distance to the teacher, same noise",
    };
    return titles[reference < REFERENCES ? reference : REFERENCE_RATIO];
}

const char *reference_name(Reference reference)
{
    static const char *const names[REFERENCES] = {
        [REFERENCE_RATIO] = "shift",
        [REFERENCE_MMD_FORWARD] = "mmd2",
        [REFERENCE_MMD_TEACHER] = "mmd2_teacher",
        [REFERENCE_PAIRED] = "paired",
    };
    return names[reference < REFERENCES ? reference : REFERENCE_RATIO];
}

double reference_floor(Reference reference) { return reference == REFERENCE_PAIRED ? 1e-3 : 1; }

Scale shift_scale(const ShiftView *shift, Reference reference)
{
    double high = 0, floor_value = reference_floor(reference);
    for (int column = 0; column < shift->columns; column++) {
        for (int row = 0; row < shift->rows; row++) {
            double value = shift_cell(shift, reference, column, row).value;
            high = isfinite(value) && value > high ? value : high;
        }
    }
    Scale scale =
        scale_around(floor_value, fmax(high, reference == REFERENCE_PAIRED ? 0.1 : 5), true);
    scale.low = floor_value;
    return scale;
}

int shift_column(const ShiftView *shift, long step)
{
    int column = -1;
    for (int c = 0; c < shift->columns && shift->step[c] <= step; c++)
        column = c;
    return column;
}
