/* What stands between CSI and its last letter. Pure. */
#ifndef DDIL_SEQUENCE_H
#define DDIL_SEQUENCE_H

/* The numbers of "1;23;4", of which at most `most`; returns how many. What is none counts as 0. */
int sequence_numbers(const char *text, char separator, int *out, int most);
/* The press (views/model/keys.h) that CSI text final stands for, in the forms of the VT220, of
 * xterm (modifyOtherKeys) and of CSI u; PRESS_UNKNOWN: of none known here; 0: none at all (let go).
 */
int sequence_press(const char *text, char final);

#endif
