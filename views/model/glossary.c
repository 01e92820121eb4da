/* Owns the words and their meanings. See glossary.h. */
#include "views/model/glossary.h"

#include "engine/engine.h"
#include "views/model/filter.h"
#include "views/model/keys.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    RUNS = PLACE_RUNS,
    CURVES = PLACE_CURVES,
    SEEDS = PLACE_SAMPLES | PLACE_PATHS,
    SAMPLES = PLACE_SAMPLES,
    PATHS = PLACE_PATHS,
    TWEAK = PLACE_TWEAK,
    COMPARE = PLACE_COMPARE,
    ALL = PLACE_VIEWS,
    FIGURES = PLACE_RUNS | PLACE_CURVES | PLACE_SAMPLES | PLACE_COMPARE,
};

/* clang-format off */
const Term terms[] = {
    {"shift",         FIGURES, "Covariate shift: how much worse the student does on its own states than on those it was trained on. The figure is the largest own / forward ratio over the sampling steps after the first; 1 means none."},
    {"own / forward", FIGURES, "The student's error on states it reached itself (own), over its error on noised data as in training (forward). Above 1 the student is lost on its own way; the interval is Student's 95 % in logarithms, over whole roll-outs."},
    {"own",           CURVES,  "Mean squared error of the student's x0 estimate on states it reached itself."},
    {"forward",       CURVES,  "Mean squared error of the student's x0 estimate on noised data as the distiller sees them. As a law: the data with noise added."},
    {"MMD²",          CURVES,  "Distance between two laws of states (squared maximum mean discrepancy), as a multiple of the 95 % null: above 1 they differ surely. r switches to it."},
    {"null",          CURVES,  "What the MMD² comes to by chance between two samples of one law, 95 times in a hundred."},
    {"same noise",    CURVES | PATHS, "Student and teacher begin in the same noise; their squared distance on the way (paired error) is measured. Where the sampler re-noises both get the same fresh noise."},
    {"i",             CURVES | SEEDS, "A sampling step, counted down: i = N sees pure noise, i = 1 makes the sample."},
    {"t, u",          CURVES | SEEDS, "Sampling time: 1 is pure noise, 0 the sample."},
    {"τ",             ALL,     "The training step under the cursor, on the line above the status row; ● is the cursor, ▲ a change or a note."},
    {"LIVE, held",    ALL,     "LIVE: the cursor follows the newest training step. held: it stands at an earlier one; End makes it live."},
    {"▲",             ALL,     "A mark: a change of values, a fork or a note at that training step. [ and ] jump between them, ' lists them."},
    {"loss",          FIGURES | TWEAK, "What training makes smaller, as a moving average. It falls by itself: compare with a run that was left alone before praising a change."},
    {"best",          RUNS,    "The lowest smoothed loss so far."},
    {"EMA",           CURVES | COMPARE, "The line is a moving average of the log (.98: fifty values long); grey dots are the smallest and largest values. S changes it, A shows outliers too."},
    {"lr",            RUNS | TWEAK, "Learning rate: how far one training step moves the weights."},
    {"gradient",      RUNS,    "Length of the gradient before clipping."},
    {"left, speed",   RUNS,    "Time until the run's last step at its present pace, and that pace in training steps per second."},
    {"saved",         RUNS,    "The newest checkpoint: where the run goes on after a crash, and where a fork can begin."},
    {"evals",         RUNS | COMPARE, "Network evaluations so far; a backward pass counts two. Behind it the share spent on measuring the shift."},
    {"sw2",           FIGURES, "Sliced Wasserstein distance, squared, between samples and held-out data: 0 is perfect."},
    {"modes",         FIGURES, "How many modes of the data the samples reach, each with at least a quarter of its fair share."},
    {"within3sigma",  FIGURES, "Share of samples within three standard deviations of some mode."},
    {"mode_kl",       FIGURES, "How unevenly the modes are filled: 0 is as the data are."},
    {"frechet",       FIGURES, "Fréchet distance between features of samples and of held-out data (as FID, in a small network's features): smaller is better."},
    {"agreement",     FIGURES, "Share of samples that a classifier takes for the class they were asked for."},
    {"worst_class",   FIGURES, "That share for the class that does worst."},
    {"student",       ALL,     "The network being distilled: it samples in few steps."},
    {"teacher",       ALL,     "The diffusion model being distilled: many small steps from noise to sample."},
    {"x0 estimate",   SAMPLES, "What a network takes the finished sample to be, seen from a noisy state."},
    {"difference",    SAMPLES | COMPARE, "Student minus teacher, or a run minus the baseline."},
    {"critic",        SAMPLES, "dmd2: a network that learns what the student makes; where it and the teacher differ the student is moved."},
    {"seed",          SEEDS,   "One sample by its number: always the same noise, so that it can be followed through training."},
    {"noise, sample", SEEDS,   "The two ends of sampling: stage 0 is pure noise, the last stage the finished sample."},
    {"gap",           PATHS,   "Distance between student and teacher at a sampling step, as a root mean square over coordinates."},
    {"fresh",         PATHS,   "The part of the gap that this very step made: what would be off had the student begun it in the teacher's state."},
    {"inherited",     PATHS,   "The part of the gap that came down from the steps before (carried): the student was already elsewhere."},
    {"restart here",  PATHS,   "R lets the student begin in the teacher's state at this step: what is left at the end is not inherited from before."},
    {"field",         PATHS,   "Where points are sent from every place of a grid: by the student and by the teacher."},
    {"density",       PATHS,   "The shading under the paths: where data lie."},
    {"PCA 1,2",       PATHS,   "Pictures are shown in the two directions in which data vary most."},
    {"staged",        TWEAK,   "A value prepared (○) but not applied: Enter applies all of them to the run, f does in a fork."},
    {"applies",       TWEAK,   "When a new value counts: from the next step, from the next round, or only in a fork."},
    {"mixture",       TWEAK,   "Whose states the student is trained on: noised data (D), the teacher's (T), its own (S). Its own are what DDIL adds."},
    {"changes",       TWEAK,   "What was done to this run and what followed over the next thousand steps; u undoes one by a fork."},
    {"fork",          ALL,     "A new run that begins at a checkpoint of another one, usually with a value changed; the old one stays."},
    {"checkpoint",    ALL,     "A run's whole state on disk. One is written before every change, so that each can be undone."},
    {"overlaid",      CURVES | COMPARE, "Runs marked with v are drawn over one another, as far as they learn the same data set."},
    {"baseline",      COMPARE | RUNS, "The run that differences are taken to: chosen with b, else the parent."},
    {"pd, lcm, dmd2, ct, shortcut", RUNS | COMPARE, "Methods of distillation: progressive distillation, latent consistency, distribution matching, consistency training, shortcut models."},
    {"ddil",          RUNS | COMPARE, "Distillation with imitation learning: training also on the states that the student itself reaches (DAgger), labelled by the teacher."},
    {"reflected",     RUNS | COMPARE, "Reflected sampling: what leaves the box of the data is thrown back into it at every step."},
    {"guided",        CURVES | COMPARE, "Classifier-free guidance is on: the teacher's own law is then the reference, not the data's."},
    {"lessons",       ALL,     "Guided tours on real runs: leave with q and start  ddil tour ."},
    {"mouse",         ALL,     "A click puts the cursor there, the wheel zooms or moves; M leaves the mouse to the terminal, so that text can be marked."},
};
/* clang-format on */
const int term_count = sizeof terms / sizeof *terms;

static bool holds(const char *text, const char *what)
{
    size_t n = strlen(what);
    for (; *text != '\0'; text++)
        if (strncasecmp(text, what, n) == 0)
            return true;
    return false;
}

/* The n-th term that fits, those named exactly so before those that only hold it. */
static const Term *find_term(const char *what, unsigned place, int n)
{
    for (int exact = 1; exact >= 0; exact--) {
        for (int i = 0; i < term_count; i++) {
            bool named = strcasecmp(terms[i].name, what) == 0;
            bool fits = named == exact && (named || holds(terms[i].name, what));
            if (*what == '\0') /* what does not stand in every view comes first */
                fits = (terms[i].places & place) != 0 && (terms[i].places != ALL) == exact;
            if (fits && n-- == 0)
                return &terms[i];
        }
    }
    return NULL;
}

static int count_terms(const char *what, unsigned place)
{
    int n = 0;
    while (find_term(what, place, n))
        n++;
    return n;
}

static bool find_param(const char *what, int n, ParamInfoView *param)
{
    char name[64];
    for (int i = 0; engine_param(i, param); i++) {
        snprintf(name, sizeof name, "%s.%s", param->section, param->key);
        if (holds(name, what) && n-- == 0)
            return true;
    }
    return false;
}

bool glossary_find(const char *what, unsigned place, int n, char name[64],
                   char text[EXPLAINED_SIZE])
{
    const Term *term = find_term(what, place, n);
    ParamInfoView param;
    if (term) {
        snprintf(name, 64, "%s", term->name);
        snprintf(text, EXPLAINED_SIZE, "%s", term->text);
        return true;
    }
    if (*what == '\0' || !find_param(what, n - count_terms(what, place), &param))
        return false;
    snprintf(name, 64, "%s.%s", param.section, param.key);
    snprintf(text, EXPLAINED_SIZE, "%s (applies: %s)", param.help,
             PARAM_APPLIES_WORDS[param.applies]);
    return true;
}
