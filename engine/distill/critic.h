/* A critic: a diffusion model of the student's own estimates, trained beside it (Yin et al. 2024;
 * methods.md 4.2). What distribution-matching methods share. Their state begins with a Critic; the
 * functions below are their callbacks. */
#ifndef DDIL_CRITIC_H
#define DDIL_CRITIC_H

#include "engine/distill/train.h"

typedef enum CriticStates { CRITIC_MIXTURE, CRITIC_STUDENT } CriticStates;

/* Where in a method's terms the critic's stand: its loss, and where it has a head what telling data
 * from the student's estimates costs. */
typedef struct CriticTerms {
    int loss, head;
} CriticTerms;

typedef struct Critic {
    Model model;
    float *gradient;
    double lr, t_min, t_max;
    int ratio;
    CriticStates states;
    CriticTerms terms;
    double gan_critic; /* weight of telling data from the student's estimates, 0: never */
    double gan_cost;   /* what the student's own look at the head costs a sample */
} Critic;

/* The rows of a method's section that critic_configure reads. */
/* clang-format off */
#define CRITIC_ROWS(section)                                                                                             \
    {section, "critic_lr", PARAM_REAL, "1e-3", 0, 1, "", "", "Learning rate of the critic; it decays as the student's.", \
     APPLIES_NEXT_STEP},                                                                                                 \
        {section, "ratio", PARAM_INT, "5", 1, 100, "", "updates",                                                        \
         "Critic updates for each of the student's (TTUR).", APPLIES_NEXT_STEP},                                         \
        {section, "critic_states", PARAM_CHOICE, "mixture", 0, 0, "mixture|student", "",                                 \
         "Where the student stands when the critic learns from it; mixture: as the student itself.", APPLIES_NEXT_STEP}, \
        {section, "t_min", PARAM_REAL, "0.02", 0.001, 0.999, "", "",                                                     \
         "Least time at which teacher and critic are compared.", APPLIES_NEXT_STEP},                                     \
        {section, "t_max", PARAM_REAL, "0.98", 0.001, 0.999, "", "", "Largest such time.", APPLIES_NEXT_STEP}
/* clang-format on */

/* ---- Callbacks of Method, and what they are made of ---- */
Grid critic_grid(const Config *config); /* trained at the sampling steps */
/* head: width of the head that tells data from the student's estimates, 0: none. */
void critic_make(Lab *lab, CriticTerms terms, int head);
Status critic_open(Lab *lab, Error *error); /* without a head; its loss is the first term */
void critic_configure(Lab *lab);            /* from the section named like the method */
void critic_start(Lab *lab);
/* The critic's updates; the means of its losses become the report's terms. */
void critic_after(Lab *lab, long index, StepReport *report);
Tensor *critic_loss(Chunk *chunk);
Model *critic_model(const Lab *lab);
double critic_cost(const Lab *lab); /* its updates, and one look by the student's */
void critic_walk(Lab *lab, Walk *walk);
/* The squared gap between critic and guided teacher at the student's diffused estimate. */
void critic_disagreement(const Lab *lab, Arena *arena, const Policy *student, const States *at,
                         double *squared);
Cost critic_label_cost(const Lab *lab);

/* The time a row's `chance` stands for. */
double critic_time(const Critic *critic, double chance);

/* n rows of the student's estimates x, diffused to times t, and what the teacher and the critic
 * make of them. */
typedef struct Scores {
    int n;
    const float *x, *noise;
    const double *t;
    const int *label;
    float *real, *fake;
} Scores;
/* clipped: by site, may be NULL. */
void critic_scores(const Lab *lab, Arena *arena, const Scores *scores, Clipped *clipped);

#endif
