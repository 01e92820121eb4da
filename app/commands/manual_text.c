#include "app/commands/manual_text.h"
#include <stddef.h>

/* clang-format off */
const ManualText manual_texts[] = {
    {"VIEWS",
     "One cursor drives all views: a training step, a sampling step and a seed. With it at an earlier training step (left and right in Curves, "
     ", and . in Samples and Paths, End goes back to the newest), samples and paths are those of the newest checkpoint before it. "
     "[ and ] and the list behind ' go from mark to mark."},
    {NULL,
     "Runs: which run deserves attention. / filters (plain words, or state=live and lr>=1e-3 or name~ddil), < and > sort, D deletes once the run's number is typed. "
     "The row under the column names says who owns the engine: this workbench, or process 1234, headless or another workbench."},
    {NULL,
     "Curves: the loss, and the covariate shift at each sampling step (rows) over training (columns). + and - zoom on the cursor (or the wheel; a click "
     "sets it), { and } pan, L log or linear loss, then the same along a logarithmic axis, S smoothing (off, .9, .98, .995; run over every logged value, "
     "debiased), X lines runs up by step, training time, samples seen or network evaluations. Outliers do not stretch the axis: they show as arrows, A fits "
     "them in. No spike is lost at any zoom."},
    {NULL,
     "Samples: the same seeds after each sampling step, beside the teacher's. c shows what dmd2's critic and the teacher make of them, diffused again."},
    {NULL,
     "Paths: seeds from the same noise, on the data's density (pictures on the first two principal components). The gap is the root mean square distance to "
     "the teacher's state on its path of 64 steps (32 for pictures). Its fresh part is what the student's step would have made of it from the teacher's "
     "state, taken along the gap; the rest is inherited: the two add up. R lets the student begin in the teacher's state, F shows where both aim. Samplers "
     "that re-noise are compared on the same fresh noise, with the end of the teacher's long path for its estimate; where only laws are matched (dmd2) a gap "
     "to the teacher's path is no error by itself."},
    {NULL,
     "Tweak: nothing happens while values are pushed about (left and right, = types one; in the triangle the arrows or the mouse move the mixture of "
     "training states). Enter applies everything staged at once, after a checkpoint; f applies it in a fork that begins here and runs beside the old run. "
     "Each change is a mark on every chart; the list of changes says how the smoothed loss and the worst shift moved over the next 1,000 steps, or as far "
     "as the next change (the loss falls by itself: a run left alone is the fair comparison). u undoes one: a fork from the checkpoint before it, with the "
     "old values. m notes or bookmarks the point under the cursor; notes live in events.csv."},
    {NULL,
     "Compare: v lays a run over the others, b makes one the baseline; a fork is laid over its parent by itself. Curves then draws the losses and the shift "
     "of all, each line in a stroke of its own with the run's number at its end; Compare draws differences (d values, H the shift) over a table of only "
     "what differs, the sheets from the same seeds, and the lineage."},
    {"COMMAND LINE",
     ": takes commands (Tab completes, the up arrow recalls): :set optimizer.lr=5e-4 source.beta_student=0.5, :fork 500 threshold.kind=reflect, :go 900, "
     ":save-picture p.png, :figure f.svg, ... Conditions are one small language, for the filter of Runs, alerts, lessons and scripts."},
    {NULL,
     ":alert shift>2 or :alert plateau<0.01 and progress>0.3 rings the bell once when a run comes to it; finished and failed runs ring from the start. "
     ":share puts one line on the clipboard (:share FILE into a file) that brings this screen back: the run with every parameter that differs from its default, and where the cursor "
     "stands (--look). :theme dark|light, :palette okabe-ito|tol|grey, NO_COLOR and --mono set the colours; M gives the mouse to the workbench or back."},
    {NULL,
     "ddil --script FILE PRESET plays keys and commands with the engine in lock-step, with or without a terminal (:wait step>=500, :expect TEXT, "
     ":save-display FILE): the same frames each time."},
    {"LESSONS",
     "ddil tour teaches with real runs: what diffusion does; why few-step students drift; imitation and DAgger in three keys; what thresholding does; "
     "diversity against fidelity; reading a sick DMD2 run. A strip under the view says what to know and what to do; each step waits until you have done "
     "it, then says what you see. g goes on where there is only something to read; :lesson back, reset, leave. Lessons are text (say, do, until, seen): ddil "
     "tour mine.ini takes a teacher's own, and says file and line when something is wrong with it."},
    {"PICTURES",
     "Terminals with sixel (xterm -ti vt340, mlterm, foot, WezTerm) or the Kitty protocol (kitty, Ghostty) show real pictures; others get half blocks or "
     "ASCII. On a slow line pictures become fewer, then plainer, and come back when it is fast again; the status row says so (sixel 10x20 8c). I goes "
     "through what the terminal can do, B draws charts in blocks where a font lacks braille. ddil doctor says what this terminal can do."},
    {"LEAVING AND COMING BACK",
     "q with live runs asks how to leave: s saves and quits, d detaches (the terminal comes back at once, training goes on without it), x drops what is not "
     "saved, and says first what that is. When the line drops (SIGHUP, or the terminal is closed) the workbench does the same as d by itself; --on-hangup chooses, the default saves "
     "first. Nothing is loaded anew: the process forks between two steps, so the logs are the bytes of a run that was never disturbed."},
    {NULL,
     "One process owns a runs folder at a time, through a lock that dies with it; ddil on that folder attaches to it, shows and steers its runs, --readonly "
     "only looks. kill PID saves every live run and ends the owner, and it ends by itself when the last run is done; a viewer that may steer takes its place. What it says goes to runs/engine.log. "
     "On a machine that kills what a logged-out user left behind, loginctl enable-linger is needed."},
    {"EQUAL COMPUTE",
     "run.budget_nfe ends a run after so many network evaluations, with its learning rate annealed by then, so that arms compare at equal compute; "
     "metrics.csv counts them by network, and holds the variance of loss and gradient norm over the last 100 steps; threshold.csv says what thresholding did "
     "at each site and sampling step."},
    {NULL, NULL},
};
/* clang-format on */
