/* Owns the making of replies. See reply.h. */
#include "views/model/reply.h"

#include <stdarg.h>
#include <stdio.h>

Reply reply_say(ReplyKind kind, const char *format, ...)
{
    Reply reply = {.kind = kind};
    va_list list;
    va_start(list, format);
    vsnprintf(reply.say, sizeof reply.say, format, list);
    va_end(list);
    return reply;
}

Reply reply_text(ReplyKind kind, const char *text)
{
    Reply reply = {.kind = kind};
    snprintf(reply.text, sizeof reply.text, "%s", text);
    return reply;
}
