/* What ddil doctor finds of the terminal. */
#ifndef DDIL_DOCTOR_TERMINAL_H
#define DDIL_DOCTOR_TERMINAL_H

/* Its lines; asks the terminal what it can do when there is one. */
void doctor_terminal(void);

#endif
