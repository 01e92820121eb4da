/* Owns the table of subcommands: a new one is one function and one row. */
#include "app/commands/commands.h"

/* clang-format off */
const CommandRow commands[] = {
    {"run", "PRESET...",
     "distils without a screen and prints a report; several presets one after the other",
     "Ctrl-C saves a checkpoint and ends with code 3. --detach returns as soon as the runs "
     "train (all at once)\n"
     "in the background; ddil on the same folder shows and steers them. Built with MPI=1 and started by mpirun "
     "or srun,\n"
     "all processes train one run together (cluster.md); so do resume and fork.",
     1, ARGUMENTS_MAX, cmd_run},
    {"resume", "RUN", "continues a run from its newest checkpoint", NULL, 1, 1,
     cmd_resume},
    {"fork", "RUN [--at STEP]", "a new run that starts from a checkpoint of another",
     NULL, 1, 1, cmd_fork},
    {"ls", "[--json]", "the runs: state, step, loss, shift, best metric",
     "shift is the largest own/forward ratio over the sampling steps i < N.", 0, 0,
     cmd_ls},
    {"show", "RUN [--json]", "parameters, marks and last metrics of one run", NULL, 1, 1,
     cmd_show},
    {"tell", "RUN WORD...", "sends a command to whoever trains a run and prints the answer",
     "pause, start, step N, set section.key=value..., save, stop, note TEXT: to this workbench's "
     "owner, or to the\n"
     "program that trains the run, on any host that sees its folder. Code 2: refused, 4: nobody "
     "answers.",
     2, ARGUMENTS_MAX, cmd_tell},
    {"sample", "RUN -o FILE", "samples as .png, .npy or .csv",
     "Coordinates are the normalised ones training works on. npy: float32, shape (n, "
     "dims); csv: one row a\n"
     "sample and its label last. --teacher --steps K takes K plain steps; without "
     "--steps it takes those of\n"
     "its roll-outs (source.teacher_substeps for each of the student's). --guidance acts "
     "on networks that\n"
     "were trained to be guided: a distilled student has its teacher's guidance baked "
     "in, unless it was distilled to be told (lcm.guidance_max).",
     1, 1, cmd_sample},
    {"rollout", "RUN -o FILE.npy",
     "the states at every sampling step, shape (steps+1, n, dims)",
     "From pure noise (first) to the samples (last): the student's own; with --teacher "
     "the teacher's from the\n"
     "same noise (--steps K: K plain steps, as in sample); with --forward the data as the distiller sees them, noised to each "
     "level with that noise.",
     1, 1, cmd_rollout},
    {"eval", "RUN [--json]",
     "quality and shift at several sampling steps, against held-out data",
     "Default: 4000 points or 500 pictures at 1, 2, 4 and 8 steps; intervals are 95 %.\n"
     "--mix 0,0.25,0.5,0.75,1 prints a row for each share of sampling steps that the teacher takes in the "
     "student's\n"
     "place (source.teacher_substeps of its own for one of the student's), at the run's own number of steps unless "
     "--steps says otherwise.",
     1, 1, cmd_eval},
    {"metrics", "A.npy B.npy [--json]",
     "distances between two sets of vectors, A the real one",
     "NPY float32 or float64, C order, shape (n, d); computed on float32 rows with double "
     "sums.\n"
     "frechet: covariances over n - 1, biased up at small n. kid: unbiased, kernel (x.y/d + "
     "1)^3, all rows.\n"
     "precision, recall: balls to the 3rd neighbour; density, coverage: to the 5th, strict, "
     "radii of A.\n"
     "energy: U-statistics. mmd2: unbiased, Gaussian kernels of 1/4 to 4 median distances "
     "within A.\n"
     "sw2: squared, mean over --directions. auc: of a ridge logistic regression trained on "
     "half of each set\n"
     "(drawn by --seed), on the other half; .5 when it cannot tell them apart.",
     2, 2, cmd_metrics},
    {"table", "STUDY",
     "a whole study: runs what is missing of methods x arms x seeds, then writes its tables",
     "STUDY is a file, or the name of one in presets/studies. NAME.md and NAME.csv go to --out. Means over "
     "seeds with\n"
     "Student's 95 % intervals, paired differences with Holm's correction. Ctrl-C saves; the same command goes "
     "on, and\n"
     "nothing that is done is done again. --threads: runs at a time.",
     1, 1, cmd_study},
    {"sweep", "SWEEP",
     "many runs over parameters and seeds: a grid, random draws, the best of them go on; a table ranks them",
     "SWEEP is a file, or the name of one in presets/sweeps. NAME.md and NAME.csv go to --out. Ctrl-C saves; the same command\n"
     "goes on, and nothing that is done is done again. --threads: runs at a time. --slurm: a task each of job arrays; the\n"
     "script NAME.submit.sh stays in the runs folder.",
     1, 1, cmd_sweep},
    {"export", "RUN --csv|--svg FILE|--png FILE|--weights FILE", "logs, a figure, or weights for other tools",
     "--csv prints metrics.csv, shift.csv and eval.csv as one table: "
     "log,step,i,quantity,value; -o FILE.csv\n"
     "writes it to a file. --weights saves the student's averaged weights.",
     1, 1, cmd_export},
    {"data", "DATA", "what a data set would be read as: size, classes, split, what is left out and why",
     "DATA is a folder of pictures, a .npy or .csv file, a folder of IDX or CIFAR files, a name, or a preset. Pictures made\n"
     "ready are kept beside the data, or in the cache folder. Code 2: nothing is left.",
     1, 1, cmd_data},
    {"features", "DATA [-o FILE.safetensors]",
     "trains the network whose features pictures are judged by",
     "DATA as in ddil data. The network names the pictures' classes; where there is one class only, by how many quarters\n"
     "a picture was turned. Without -o it goes into the cache folder, where every run on the same pictures finds it.",
     1, 1, cmd_features},
    {"presets", "", "the presets there are", NULL, 0, 0, cmd_presets},
    {"params", "[--json|--markdown]", "every parameter with range, default and help",
     NULL, 0, 0, cmd_params},
    {"bench", "[STEP...]", "speed of whole steps on this machine, beside its limits",
     "Steps: mlp2d-train, image-train, image-sample-1, image-sample-4, pd-step, "
     "lcm-step, "
     "dmd2-step; all when\n"
     "none is named; each with one thread and with all. METHOD-step is one optimiser "
     "step "
     "of a distiller on\n"
     "the ring: batch 256, 3 layers of 96, exact teacher, half of the states from data, "
     "a "
     "quarter each from\n"
     "teacher and student; the roll-outs behind them are in its time. flops count the "
     "networks' products and\n"
     "convolutions as if done directly, a multiply-add as two, backward as twice "
     "forward; "
     "the exact teacher\n"
     "and elementwise work count none. Times are medians; the peak is this machine's "
     "own, "
     "measured first.",
     0, ARGUMENTS_MAX, cmd_bench},
    {"tour", "[LESSON]", "guided lessons, on real runs",
     "LESSON: a number, a name, or a lesson file of your own (.ini); assets/lessons shows how they are written.", 0, 1,
     cmd_tour},
    {"doctor", "", "what this terminal, this CPU and this BLAS can do", NULL, 0, 0,
     cmd_doctor},
    {"help", "[COMMAND]", "what there is, or all about one command", NULL, 0, 1, cmd_help},
    {"completion", "bash|zsh|fish", "what a shell completes after ddil: eval \"$(ddil completion bash)\"", NULL, 1, 1,
     cmd_completion},
    {"manual", "", "the manual page, as troff: ddil manual | man -l -", NULL, 0, 0,
     cmd_manual},
    {NULL, NULL, NULL, NULL, 0, 0, NULL},
};
/* clang-format on */
