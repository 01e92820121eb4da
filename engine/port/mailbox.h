/* The sender's side of a folder's mailbox: two files of lines (port_lines.h), to which is only
 * appended. Senders, on any host, append `do` lines to `commands`; who trains there appends `note`
 * lines to `answers`. No lock, no socket: over NFS two appends at once may destroy one another, so
 * a line is repeated, with its tag, until it is answered; a tag is obeyed once. Nothing waits. */
#ifndef DDIL_MAILBOX_H
#define DDIL_MAILBOX_H

#include "engine/port/port_lines.h"

typedef struct Mailbox Mailbox;

/* Answers that stand there already are not for us. `prefix` stands before both names ("" or ".").
 */
Mailbox *mailbox_open(const char *folder, const char *prefix);
void mailbox_close(Mailbox *mailbox); /* NULL is fine */
/* Appends a command; its answer will carry this ticket. BLOCKED: too many are not answered yet;
 * FAILED: the file cannot be written. */
Status mailbox_send(Mailbox *mailbox, long ticket, const Command *command, Error *error);
/* Appends a line that is no command, once: its answer is nobody's in particular. */
void mailbox_ask(Mailbox *mailbox, const Line *line);
/* A number that no other sender draws. */
long mailbox_draw(void);
/* The next line that was answered; a note that answers ours has our ticket, every other has 0.
 * Repeats what has not been answered. After `patience` seconds nobody's answer comes as BLOCKED.
 * false: nothing yet. */
bool mailbox_next(Mailbox *mailbox, double patience, Line *line);
/* The same, of answers to ours alone. */
bool mailbox_hear(Mailbox *mailbox, double patience, NoteView *note);
int mailbox_waiting(const Mailbox *mailbox); /* commands not answered yet */

#endif
