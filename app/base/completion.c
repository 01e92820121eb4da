/* Owns the completions of shells: written from the tables of commands and options, so that they
 * cannot lag behind them. Names of presets and runs are asked for when they are wanted. */
#include "app/base/completion.h"
#include <stdlib.h>
#include <string.h>

/* What the positional arguments of a command are, by how its usage names them. */
typedef enum Wants { WANTS_FILES, WANTS_PRESETS, WANTS_RUNS, WANTS_COMMANDS } Wants;

static Wants wants(const CommandRow *command)
{
    static const struct {
        const char *name;
        Wants wants;
    } rows[] = {{"PRESET", WANTS_PRESETS}, {"RUN", WANTS_RUNS}, {"[COMMAND", WANTS_COMMANDS}};
    if (!command)
        return WANTS_PRESETS;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(command->arguments, rows[i].name, strlen(rows[i].name)) == 0)
            return rows[i].wants;
    return WANTS_FILES;
}

/* With a backslash before each of these characters; the quote of the shell is left and entered
 * again: '\''. */
static void put_escaped(const char *text, const char *which)
{
    for (; *text; text++) {
        if (*text == '\'') {
            fputs("'\\''", stdout);
            continue;
        }
        if (strchr(which, *text))
            putchar('\\');
        putchar(*text);
    }
}

static void put_words(const char *choices, const char *between)
{
    for (; *choices; choices++)
        if (*choices == '|')
            fputs(between, stdout);
        else
            putchar(*choices);
}

static void put_commands(const CommandRow *commands, const char *between)
{
    for (const CommandRow *row = commands; row->name; row++)
        printf("%s%s", row == commands ? "" : between, row->name);
}

/* ---- bash ---- */

static void bash_case(const CommandRow *command)
{
    static const char *const words[] = {[WANTS_FILES] = "",
                                        [WANTS_PRESETS] = "$(_ddil_presets)",
                                        [WANTS_RUNS] = "$(_ddil_runs)",
                                        [WANTS_COMMANDS] = "$commands"};
    OptionText text;
    printf("    %s)\n        options='", command ? command->name : "''");
    for (int i = 0; options_text(command, i, &text); i++)
        printf("%s--%s", i > 0 ? " " : "", text.name);
    printf("'\n        words=\"%s%s\"\n        ;;\n", command ? "" : "$commands ",
           words[wants(command)]);
}

/* What follows an option that chooses. */
static void bash_choices(const CommandRow *command)
{
    OptionText text;
    for (int i = 0; options_text(command, i, &text); i++) {
        if (!text.choice)
            continue;
        printf("    --%s) words='", text.name);
        put_words(text.argument, " ");
        puts("' ;;");
    }
}

static void print_bash(const CommandRow *commands)
{
    puts("# Completion of ddil in bash, written by: ddil completion bash\n"
         "_ddil_presets() { ddil presets 2>/dev/null | cut -d' ' -f1; }\n"
         "_ddil_runs() { ddil ls 2>/dev/null | awk 'NR > 1 { print $1 }'; }\n"
         "_ddil() {\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} command= commands options words i");
    fputs("    commands='", stdout);
    put_commands(commands, " ");
    puts("'\n    for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "        case \" $commands \" in *\" ${COMP_WORDS[i]} \"*) command=${COMP_WORDS[i]} && "
         "break ;; esac\n"
         "    done\n"
         "    case $command in");
    bash_case(NULL);
    for (const CommandRow *row = commands; row->name; row++)
        bash_case(row);
    puts("    esac\n"
         "    [[ $word == -* ]] && words=$options\n"
         "    case ${COMP_WORDS[COMP_CWORD - 1]} in");
    bash_choices(NULL);
    puts("    esac\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\" && [[ $word == -* ]] || "
         "compgen -f -- \"$word\")\n"
         "}\n"
         "complete -o filenames -F _ddil ddil");
}

/* ---- zsh ---- */

static void zsh_option(const OptionText *text)
{
    fputs(" \\\n        ", stdout);
    if (text->letter)
        printf("{-%c,--%s}", text->letter, text->name);
    printf("'%s%s%s[", text->letter ? "" : "--", text->letter ? "" : text->name,
           text->argument && !text->letter ? "=" : "");
    put_escaped(text->help, "[]\\");
    putchar(']');
    if (text->argument) {
        putchar(':');
        put_escaped(text->choice ? text->name : text->argument, ":\\");
        fputs(text->choice ? ":(" : ":_files", stdout);
        if (text->choice) {
            put_words(text->argument, " ");
            putchar(')');
        }
    }
    putchar('\'');
}

static void zsh_case(const CommandRow *command)
{
    static const char *const places[] = {[WANTS_FILES] = "*:file:_files",
                                         [WANTS_PRESETS] = "*:preset:_ddil_presets",
                                         [WANTS_RUNS] = "*:run:_ddil_runs",
                                         [WANTS_COMMANDS] = "*:command:_ddil_commands"};
    OptionText text;
    printf("%s)\n    _arguments -s", command ? command->name : "*");
    for (int i = 0; options_text(command, i, &text); i++)
        zsh_option(&text);
    printf(" \\\n        '%s'\n    ;;\n",
           command ? places[wants(command)] : "*:command:_ddil_first");
}

static void print_zsh(const CommandRow *commands)
{
    puts("#compdef ddil\n# Completion of ddil in zsh, written by: ddil completion zsh\n"
         "local -a _ddil_names\n_ddil_names=(");
    for (const CommandRow *row = commands; row->name; row++) {
        printf("    '%s:", row->name);
        put_escaped(row->help, ":\\");
        puts("'");
    }
    puts(")\n"
         "_ddil_commands() { _describe command _ddil_names }\n"
         "_ddil_presets() { compadd -- ${(f)\"$(ddil presets 2>/dev/null | cut -d' ' -f1)\"}; "
         "_files }\n"
         "_ddil_runs() { compadd -- ${(f)\"$(ddil ls 2>/dev/null | awk 'NR > 1 { print $1 }')\"}; "
         "_files }\n"
         "_ddil_first() { _ddil_commands; _ddil_presets }\n"
         "if (( CURRENT > 2 )) && (( ${${_ddil_names%%:*}[(Ie)${words[2]}]} )); then\n"
         "    shift words\n    (( CURRENT-- ))\n"
         "else\n    words[1]=ddil\nfi\n"
         "case ${words[1]} in");
    for (const CommandRow *row = commands; row->name; row++)
        zsh_case(row);
    zsh_case(NULL);
    puts("esac");
}

/* ---- fish ---- */

static void fish_text(const char *option, const char *text)
{
    printf(" %s '", option);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

static void fish_options(const CommandRow *command)
{
    OptionText text;
    for (int i = 0; options_text(command, i, &text); i++) {
        if (text.common && command)
            continue; /* said once, for all */
        printf("complete -c ddil");
        if (!text.common && !command)
            printf(" -n __fish_use_subcommand");
        if (command)
            printf(" -n '__fish_seen_subcommand_from %s'", command->name);
        printf(" -l %s", text.name);
        if (text.letter)
            printf(" -s %c", text.letter);
        if (text.choice) {
            fputs(" -x -a '", stdout);
            put_words(text.argument, " ");
            putchar('\'');
        } else if (text.argument) {
            fputs(" -r", stdout);
        }
        fish_text("-d", text.help);
        putchar('\n');
    }
}

static void fish_arguments(const CommandRow *command)
{
    static const char *const words[] = {
        [WANTS_PRESETS] = "(ddil presets 2>/dev/null | string split -f1 ' ')",
        [WANTS_RUNS] = "(ddil ls 2>/dev/null | string match -r '^[0-9]+-\\S+')",
        [WANTS_COMMANDS] = "(__ddil_commands)"};
    if (wants(command) == WANTS_FILES)
        return;
    printf("complete -c ddil -n '%s%s'",
           command ? "__fish_seen_subcommand_from " : "__fish_use_subcommand",
           command ? command->name : "");
    fish_text("-a", words[wants(command)]);
    putchar('\n');
}

static void print_fish(const CommandRow *commands)
{
    fputs("# Completion of ddil in fish, written by: ddil completion fish\n"
          "function __ddil_commands\n    printf '%s\\n' ",
          stdout);
    put_commands(commands, " ");
    puts("\nend");
    for (const CommandRow *row = commands; row->name; row++) {
        printf("complete -c ddil -n __fish_use_subcommand -a %s", row->name);
        fish_text("-d", row->help);
        putchar('\n');
    }
    fish_options(NULL);
    fish_arguments(NULL);
    for (const CommandRow *row = commands; row->name; row++) {
        fish_options(row);
        fish_arguments(row);
    }
}

Status completion_print(const CommandRow *commands, const char *shell, Error *error)
{
    static const struct {
        const char *name;
        void (*print)(const CommandRow *commands);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(shell, shells[i].name) == 0) {
            shells[i].print(commands);
            return STATUS_OK;
        }
    }
    return fail(error, STATUS_BAD_INPUT, "completion %s: there are bash, zsh and fish", shell);
}
