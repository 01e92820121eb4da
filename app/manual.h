/* The manual page. */
#ifndef DDIL_MANUAL_H
#define DDIL_MANUAL_H

/* Prints it as troff to standard output. */
void manual_print(void);

#endif
