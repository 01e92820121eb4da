/* What a terminal sends, parsed however it comes: split, late, mixed with keys, hostile.
 */
#include "app/terminal/probe.h"
#include "views/model/keys.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 10;
}

typedef struct Heard {
    int press[4096];
    int n, acknowledged;
} Heard;

static void hear(Heard *heard, const InputEvent *events, int n)
{
    assert_true(n >= 0 && n <= PROBE_EVENTS);
    for (int i = 0; i < n; i++) {
        heard->acknowledged += events[i].kind == INPUT_ACKNOWLEDGED;
        if (events[i].kind == INPUT_KEY && heard->n < 4096)
            heard->press[heard->n++] = events[i].press;
    }
}

static void feed(Probe *probe, Heard *heard, const char *bytes, size_t n)
{
    InputEvent events[PROBE_EVENTS];
    for (size_t i = 0; i < n; i++)
        hear(heard, events, probe_feed(probe, (unsigned char)bytes[i], events));
}

static void idle(Probe *probe, Heard *heard)
{
    InputEvent events[PROBE_EVENTS];
    if (probe_patience_ms(probe) >= 0)
        hear(heard, events, probe_idle(probe, events));
}

static const char xterm_answers[] =
    "\033P>|XTerm(379)\033\\\033[?1;0;1024S\033[?2;0;600;390S\033[?2026;0$y"
    "\033]11;rgb:ffff/fefe/0000\033\\\033[?63;1;2;4;6;9;15;22c";
static const char mlterm_answers[] =
    "\033[?1;0;1024S\033[?1;3;0S\033[6;19;10t\033[4;456;800t\033[?2026;0$y"
    "\033]11;rgb:00/10/20\007\033[?63;1;2;3;4;7;29c";

static void test_answers(void **state)
{
    (void)state;
    Probe probe;
    Heard heard = {0};
    probe_init(&probe);
    feed(&probe, &heard, xterm_answers, strlen(xterm_answers));
    const Answers *answers = &probe.answers;
    assert_true(answers->done && answers->sixel && !answers->synchronised &&
                answers->has_background);
    assert_string_equal(answers->name, "XTerm(379)");
    assert_int_equal(answers->registers, 1024);
    assert_int_equal(answers->area_width, 600);
    assert_int_equal(answers->background[0] * 65536 + answers->background[1] * 256 +
                         answers->background[2],
                     0xfffe00);
    probe_init(&probe);
    feed(&probe, &heard, mlterm_answers, strlen(mlterm_answers));
    assert_true(answers->sixel && answers->cell_width == 10 && answers->cell_height == 19);
    assert_int_equal(answers->background[2], 0x20);
    probe_init(&probe);
    feed(&probe, &heard, "\033[?1;2c", 7); /* tmux: 4 is nowhere, the first number does not count */
    assert_true(answers->done && !answers->sixel);
    probe_init(&probe);
    feed(&probe, &heard, "\033[?4;6c\033[?2026;2$y", 18);
    assert_true(!answers->sixel && answers->synchronised);
    probe_init(&probe);
    static const char no[] = "\033_Gi=31;ENOTSUP\033\\\033_Gi=32;OK\033\\";
    static const char yes[] = "\033_Gi=31;OK\033\\\033[?62c";
    feed(&probe, &heard, no, sizeof no - 1);
    assert_false(probe.answers.kitty);
    feed(&probe, &heard, yes, sizeof yes - 1);
    assert_true(probe.answers.kitty && probe.answers.done);
    assert_int_equal(heard.n, 0);
    assert_true(probe_may_ask_kitty("xterm-kitty", NULL));
    assert_false(probe_may_ask_kitty("xterm-256color", "/tmp/tmux-0/default,1,0"));
    assert_false(probe_may_ask_kitty("screen-256color", NULL));
    assert_false(probe_may_ask_kitty("linux", NULL));
}

static void test_keys(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        int press;
        /* clang-format off */
    } keys[] = {
        {"a",            'a'            },
        {"\033[A",       PRESS_UP       },
        {"\033OB",       PRESS_DOWN     },
        {"\033[1;5C",    PRESS_RIGHT    },
        {"\033[D",       PRESS_LEFT     },
        {"\033[H",       PRESS_HOME     },
        {"\033OF",       PRESS_END      },
        {"\033[1~",      PRESS_HOME     },
        {"\033[8~",      PRESS_END      },
        {"\033[5~",      PRESS_PAGE_UP  },
        {"\033[6~",      PRESS_PAGE_DOWN},
        {"\033[Z",       PRESS_BACK_TAB },
        {"\033OP",       PRESS_F1       },
        {"\033[[A",      PRESS_F1       },
        {"\033[11~",     PRESS_F1       },
        {"\r",           PRESS_ENTER    },
        {"\t",           PRESS_TAB      },
        {"\x7f",         PRESS_BACKSPACE},
        {"\b",           PRESS_BACKSPACE},
        {"\xc3\xa9",     0xe9           },
        {"\xe2\x86\x92", 0x2192         },
        {"\033[24~",     PRESS_UNKNOWN  },
        {"\003",         3              },
        {"?",            '?'            },
        {"[",            '['            },
        {"\033[97u",     'a'            }, /* CSI u */
        {"\033[97;2u",   'A'            },
        {"\033[97:65;2u", 'A'           },
        {"\033[46:58;2u", ':'           },
        {"\033[99;5u",   3              },
        {"\033[99;5:1u", 3              },
        {"\033[27u",     PRESS_ESCAPE   },
        {"\033[13;2u",   PRESS_ENTER    },
        {"\033[9;2u",    PRESS_BACK_TAB },
        {"\033[127u",    PRESS_BACKSPACE},
        {"\033[97;3u",   PRESS_UNKNOWN  }, /* Alt */
        {"\033[57404u",  '5'            }, /* on the keypad */
        {"\033[57414u",  PRESS_ENTER    },
        {"\033[57419u",  PRESS_UP       },
        {"\033[57440u",  PRESS_UNKNOWN  },
        {"\033[27;5;99~", 3             }, /* modifyOtherKeys */
        {"\033[27;2;65~", 'A'           },
        {"\033[27;5;46~", PRESS_UNKNOWN },
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        Probe probe;
        Heard heard = {0};
        probe_init(&probe);
        feed(&probe, &heard, keys[i].bytes, strlen(keys[i].bytes));
        assert_int_equal(heard.n, 1);
        assert_int_equal(heard.press[0], keys[i].press);
        assert_int_equal(probe_patience_ms(&probe), -1);
    }
}

static void test_escape_alone(void **state)
{
    (void)state;
    Probe probe;
    Heard heard = {0};
    probe_init(&probe);
    probe.answers.done = true;
    feed(&probe, &heard, "\033", 1);
    assert_int_equal(probe_patience_ms(&probe), 25);
    idle(&probe, &heard);
    feed(&probe, &heard, "2", 1);
    feed(&probe, &heard, "\033q", 2); /* typed fast, or by a script */
    assert_int_equal(heard.n, 4);
    assert_int_equal(heard.press[0], PRESS_ESCAPE);
    assert_int_equal(heard.press[1], '2');
    assert_int_equal(heard.press[2], PRESS_ESCAPE);
    assert_int_equal(heard.press[3], 'q');
}

/* The answer's Escape came so late that it was taken for a key: the rest must not be
 * typed. */
static void test_late_answers_are_never_typed(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < strlen(xterm_answers); cut++) {
        if (xterm_answers[cut] != '\033')
            continue;
        Probe probe;
        Heard heard = {0};
        probe_init(&probe);
        feed(&probe, &heard, xterm_answers, cut + 1);
        if (probe_patience_ms(&probe) <= 120)
            idle(&probe, &heard);
        feed(&probe, &heard, xterm_answers + cut + 1, strlen(xterm_answers) - cut - 1);
        for (int i = 0; i < heard.n; i++)
            assert_int_equal(heard.press[i], PRESS_ESCAPE);
        assert_true(probe.answers.done);
    }
    Probe probe; /* but a bracket that was typed after Escape is a key in the end */
    Heard heard = {0};
    probe_init(&probe);
    feed(&probe, &heard, "\033", 1);
    idle(&probe, &heard);
    feed(&probe, &heard, "[", 1);
    idle(&probe, &heard);
    assert_int_equal(heard.n, 2);
    assert_int_equal(heard.press[1], '[');
}

static void test_keys_between_answers(void **state)
{
    (void)state;
    static const char mixed[] = "2\033P>|XTerm\033\\ "
                                "\033[?1;0;16S\033[An\033]11;rgb:1/2\033\\s\033[?64;4c?\033[0nq";
    Probe probe;
    Heard heard = {0};
    probe_init(&probe);
    feed(&probe, &heard, mixed, sizeof mixed - 1);
    static const int wanted[] = {'2', ' ', PRESS_UP, 'n', 's', '?', 'q'};
    assert_int_equal(heard.n, 7);
    assert_memory_equal(heard.press, wanted, sizeof wanted);
    assert_int_equal(heard.acknowledged, 1);
    assert_true(probe.answers.sixel && !probe.answers.has_background);
}

static void test_hostile_answers(void **state)
{
    (void)state;
    unsigned seed = 5;
    static const char alphabet[] =
        "\033[]P?>;0123456789cSty$n~\\ABq|:/rgb\007\030\x9b\xff\xc3<Mm_Gi=31OK";
    for (int round = 0; round < 3000; round++) {
        Probe probe;
        Heard heard = {0};
        probe_init(&probe);
        for (int i = 0; i < 400; i++) {
            char byte = next(&seed) % 8 == 0 ? (char)next(&seed)
                                             : alphabet[next(&seed) % (sizeof alphabet - 1)];
            feed(&probe, &heard, &byte, 1);
            assert_true(probe.n >= 0 && probe.n <= PROBE_TEXT);
            if (next(&seed) % 16 == 0)
                idle(&probe, &heard);
        }
        idle(&probe, &heard); /* silence brings it back from any state */
        idle(&probe, &heard);
        heard.n = 0;
        feed(&probe, &heard, "x", 1);
        assert_true(heard.n == 1 && heard.press[0] == 'x');
    }
    Probe probe;
    Heard heard = {0};
    probe_init(&probe);
    for (int i = 0; i < 100000; i++)
        feed(&probe, &heard, i == 0 ? "\033]" : "9", i == 0 ? 2 : 1);
    feed(&probe, &heard, "\033\\k", 3);
    assert_int_equal(heard.n, 1);
}

/* ---- The mouse, and Kitty's answer ---- */

static const char mouse_bytes[] = "\033[<0;5;3M\033[<32;6;3M\033[<0;6;3m\033[<64;1;1Mk";

static void assert_mouse_heard(const Heard *heard)
{
    const int wanted[] = {press_mouse(MOUSE_CLICK, 4, 2), press_mouse(MOUSE_DRAG, 5, 2),
                          press_mouse(MOUSE_WHEEL_UP, 0, 0), 'k'};
    assert_int_equal(heard->n, 4); /* a release is no press */
    assert_memory_equal(heard->press, wanted, sizeof wanted);
}

/* Split anywhere, among answers, and so late that the Escape was taken for a key: its rest
 * is not typed then. */
static void test_mouse_reports(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof mouse_bytes; cut++) {
        Probe probe;
        Heard heard = {0};
        probe_init(&probe);
        feed(&probe, &heard, mouse_bytes, cut);
        feed(&probe, &heard, mouse_bytes + cut, sizeof mouse_bytes - 1 - cut);
        assert_mouse_heard(&heard);
        if (cut == 0 || mouse_bytes[cut - 1] != '\033')
            continue;
        probe_init(&probe);
        heard.n = 0;
        feed(&probe, &heard, mouse_bytes, cut);
        idle(&probe, &heard);
        feed(&probe, &heard, mouse_bytes + cut, sizeof mouse_bytes - 1 - cut);
        for (int i = 0; i < heard.n; i++) {
            assert_true(heard.press[i] >= PRESS_MOUSE || heard.press[i] == PRESS_ESCAPE ||
                        heard.press[i] == 'k');
        }
    }
    static const char mixed[] = "\033[<0;5;3M\033[0n\033_Gi=31;OK\033\\\033[<32;6;3M\033[<0;6;3m"
                                "\033[?62;4c\033[<64;1;1Mk";
    Probe probe;
    Heard heard = {0};
    probe_init(&probe);
    feed(&probe, &heard, mixed, sizeof mixed - 1);
    assert_mouse_heard(&heard);
    assert_true(probe.answers.kitty && probe.answers.sixel && heard.acknowledged == 1);
}

/* Reports in the forms of before 1006 come from modes that another program left on, and the letting
 * go of a key is none. */
static void test_what_means_nothing_is_swallowed_whole(void **state)
{
    (void)state;
    static const char *const reports[] = {"\033[M !!",     "\033[Mqxq",     "\033[M\xff\x9b\x80",
                                          "\033[32;10;5M", "\033[97;1:3uq", "\033[201~"};
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        size_t n = strlen(reports[i]) - (i == 4);
        for (size_t cut = 1; cut < n; cut++) {
            Probe probe;
            Heard heard = {0};
            probe_init(&probe);
            feed(&probe, &heard, reports[i], cut);
            feed(&probe, &heard, reports[i] + cut, n - cut);
            feed(&probe, &heard, "k", 1);
            assert_int_equal(heard.n, 1);
            assert_int_equal(heard.press[0], 'k');
        }
    }
}

/* Pasted text is told apart, however it comes: line ends and tabs as blanks, no controls. */
static void test_pastes(void **state)
{
    (void)state;
    static const char bytes[] =
        "a\033[200~q\r\nx\ty\003\b\033[A\xe2\x96\xb2\x9b\xc2\x9b\n\n\033[201~b";
    static const char text[] = "q x yA\xe2\x96\xb2  ";
    for (size_t cut = 0; cut < sizeof bytes - 1; cut++) {
        Probe probe;
        Heard heard = {0};
        probe_init(&probe);
        feed(&probe, &heard, bytes, cut);
        feed(&probe, &heard, bytes + cut, sizeof bytes - 1 - cut);
        int first = heard.press[0], last = heard.press[heard.n - 1], n = 0;
        assert_true(first == 'a' && last == 'b');
        for (int i = 1; i < heard.n - 1; i++) {
            int rune = pasted_rune(heard.press[i]);
            assert_true(heard.press[i] == press_pasted(rune));
            if (rune == 0x25b2)
                assert_memory_equal(text + n, "\xe2\x96\xb2", 3);
            else
                assert_int_equal(rune, text[n]);
            n += rune == 0x25b2 ? 3 : 1;
        }
        assert_int_equal(n, sizeof text - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_escape_alone),
        cmocka_unit_test(test_late_answers_are_never_typed),
        cmocka_unit_test(test_keys_between_answers),
        cmocka_unit_test(test_hostile_answers),
        cmocka_unit_test(test_mouse_reports),
        cmocka_unit_test(test_what_means_nothing_is_swallowed_whole),
        cmocka_unit_test(test_pastes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
