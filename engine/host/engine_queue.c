/* Owns what the caller's threads leave for the worker: commands, a wish to publish, the end. */
#include "engine/host/engine_parts.h"

long engine_send(Engine *engine, const Command *command)
{
    long ticket = 0;
    pthread_mutex_lock(&engine->lock);
    if (engine->queued < QUEUE_SIZE) {
        Order *order = &engine->queue[(engine->head + engine->queued++) % QUEUE_SIZE];
        ticket = order->ticket = ++engine->tickets;
        order->command = *command;
        order->command.text[COMMAND_TEXT_SIZE - 1] = 0;
    }
    pthread_mutex_unlock(&engine->lock);
    engine_kind(engine)->wake(engine);
    return ticket;
}

void engine_stir(Engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    engine->stirred = true;
    pthread_mutex_unlock(&engine->lock);
    engine_kind(engine)->wake(engine);
}

void engine_end_work(Engine *engine, bool end)
{
    pthread_mutex_lock(&engine->lock);
    engine->stop = end;
    pthread_mutex_unlock(&engine->lock);
    engine_kind(engine)->wake(engine);
}

bool engine_stopping(Engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    bool stop = engine->stop;
    pthread_mutex_unlock(&engine->lock);
    return stop;
}

bool order_take(Engine *engine, Order *order)
{
    pthread_mutex_lock(&engine->lock);
    bool any = engine->queued > 0;
    if (any) {
        *order = engine->queue[engine->head];
        engine->head = (engine->head + 1) % QUEUE_SIZE;
        engine->queued--;
    }
    pthread_mutex_unlock(&engine->lock);
    return any;
}
