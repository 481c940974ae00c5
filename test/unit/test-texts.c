/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include "locate/cmdline.h"
#include "locate/entry.h"
#include "locate/version.h"

#define V "6.1.0-5"

static void assert_span(struct span span, const char *expected)
{
        char *copy = strndup(span.at, span.size);

        assert_string_equal(copy, expected);
        free(copy);
}

static void test_entry(void **state)
{
        static const char text[] = "\xef\xbb\xbf"
                                   "title Some System\r\n"
                                   "# version comment\n"
                                   "version 1\n"
                                   "\tversion\t2  \t\r\n"
                                   "\n"
                                   "versions 3\n"
                                   "empty\n"
                                   "options  root=x   ro\r\n"
                                   "initrd /a\n"
                                   "options quiet \n"
                                   "initrd /b c";
        struct span entry = { text, sizeof(text) - 1 }, key, value;
        char *options = bls_options(entry);
        size_t initrds = 0;

        (void)state;
        assert_span(bls_get(entry, "title"), "Some System");
        assert_span(bls_get(entry, "version"), "2");
        assert_span(bls_get(entry, "empty"), "");
        assert_span(bls_get(entry, "linux"), "");
        assert_string_equal(options, "root=x   ro quiet");
        free(options);
        while (bls_next(&entry, &key, &value))
                if (span_is(key, "initrd"))
                        assert_span(value, initrds++ == 0 ? "/a" : "/b c");
        assert_int_equal(initrds, 2);
}

static void test_entry_odd(void **state)
{
        static const char *const texts[] = { "", "\n", "\xef\xbb\xbf", "#", "\r\n\r\n", "   " };
        struct span key, value;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                struct span entry = span_of(texts[i]);

                assert_false(bls_next(&entry, &key, &value));
        }
        assert_span(bls_get((struct span){ "linux /a\0\0\nlinux\0 x", 19 }, "linux"), "/a");
}

static void test_id(void **state)
{
        static const struct {
                const char *name, *id;
        } cases[] = {
                { "Fedora-6.1.conf", "fedora-6.1.conf" },
                { "a+3.conf", "a.conf" },
                { "a+2-1.conf", "a.conf" },
                { "a+0-3.EFI", "a.efi" },
                { "a+b.conf", "a+b.conf" },
                { "6.6+bpo-1.conf", "6.6+bpo-1.conf" },
                { "a+2-.conf", "a+2-.conf" },
                { "a+.conf", "a+.conf" },
                { "a+3", "a+3" },
                { "6.6.1+3+2.conf", "6.6.1+3.conf" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *id = bls_id(cases[i].name);

                assert_string_equal(id, cases[i].id);
                free(id);
        }
}

static void test_env(void **state)
{
        struct span text = span_of("# GRUB Environment Block\nID=\"my os\"\nVERSION_ID=3\n IMAGE_ID = 'x'\r\n"
                                   "BAD\nHALF=\"a\nTWICE=1\nTWICE=2\nkernelopts=root=x ro\n####");

        (void)state;
        assert_span(env_get(text, "ID"), "my os");
        assert_span(env_get(text, "IMAGE_ID"), "x");
        assert_span(env_get(text, "HALF"), "\"a");
        assert_span(env_get(text, "TWICE"), "2");
        assert_span(env_get(text, "kernelopts"), "root=x ro");
        assert_span(env_get(text, "BAD"), "");
        assert_span(env_get(text, "NONE"), "");
}

static void test_cmdline_get(void **state)
{
        struct span cmdline = span_of("BOOT_IMAGE=(hd0,gpt2)/vmlinuz root=a \"quoted=a b\" root=b quiet\n"), value;

        (void)state;
        assert_true(cmdline_get(cmdline, "root", &value));
        assert_span(value, "b");
        assert_true(cmdline_get(cmdline, "quoted", &value));
        assert_span(value, "a b");
        assert_false(cmdline_get(cmdline, "quiet", &value));
        assert_false(cmdline_get(cmdline, "oot", &value));
}

static void test_fits(void **state)
{
        static const struct {
                const char *options, *cmdline;
                int words;
        } cases[] = {
                { "root=x ro", "BOOT_IMAGE=/v root=x ro quiet", 2 },
                { "ro  root=x\n", "root=x ro", 2 },
                { "", "root=x", 0 },
                { "root=x ro debug", "root=x ro", -1 },
                { "root=x", "root=xy", -1 },
                { "root=xy", "root=x", -1 },
                { "$kernelopts $tuned_params", "root=x ro", 0 },
                { "root=x ${extra} foo=$bar", "root=x", 1 },
                { "foo=\"a b\"", "\"foo=a b\" ro", 1 },
                { "dyndbg=\\\"file\\ x\\\"", "dyndbg=file\\ x", -1 },
                { "a=b\\c", "a=bc", 1 },
                { "root=x", "root=x ostree=/ostree/boot.1/os/abc/0", -1 },
                { "root=x ostree=/ostree/boot.1/os/abc/0", "root=x ostree=/ostree/boot.1/os/abc/0", 2 },
                { "root=x ostree=/ostree/boot.0/os/abc/0", "root=x ostree=/ostree/boot.1.1/os/abc/0", 2 },
                { "root=x ostree=/ostree/boot.1/os/abc/1", "root=x ostree=/ostree/boot.1/os/abc/0", -1 },
                { "root=x ostree=/ostree/boot.1/os/abd/0", "root=x ostree=/ostree/boot.1/os/abc/0", -1 },
                { "root=x", "root=x composefs=123", -1 },
                { "root=x composefs=12", "root=x composefs=123", -1 },
                { "root=x composefs=123", "composefs=123 root=x", 2 },
                { "\"", "root=x", -1 },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ssize_t words = cmdline_fits(span_of(cases[i].options), span_of(cases[i].cmdline));

                if (words != cases[i].words)
                        fail_msg("'%s' in '%s': %zd", cases[i].options, cases[i].cmdline, words);
        }
}

static void test_boot_image(void **state)
{
        static const struct {
                const char *boot_image, *kernel;
                int fits;
        } cases[] = {
                { "(hd0,gpt2)/vmlinuz-1", "/vmlinuz-1", 1 },
                { "/boot/vmlinuz-1", "/vmlinuz-1", 1 },
                { "/vmlinuz-1", "/boot/vmlinuz-1", 1 },
                { "(hd0,gpt2)/root/boot/vmlinuz-1", "//boot/vmlinuz-1", 1 },
                { "/vmlinuz-11", "/vmlinuz-1", 0 },
                { "/my-vmlinuz-1", "/vmlinuz-1", 0 },
                { "(hd0,gpt2)/ostree/os-a/vmlinuz-1", "/ostree/os-b/vmlinuz-1", 0 },
                { "/vmlinuz-1", "", 0 },
                { "linux", "/vmlinuz-1", -1 },
                { "0", "/vmlinuz-1", -1 },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (boot_image_fits(span_of(cases[i].boot_image), span_of(cases[i].kernel)) != cases[i].fits)
                        fail_msg("%s, %s", cases[i].boot_image, cases[i].kernel);
}

static void test_version(void **state)
{
        static const char *const has[] = { "initramfs-" V ".img", "initrd.img-" V,       "initrd-" V,
                                           "initrd-x86_64-" V,    "initrd-" V ".img.gz", V,
                                           "vmlinuz_" V,          "TOKEN-" V ".conf",    "a-" V ".EFI" };
        static const char *const has_not[] = { "initramfs-6.1.0-56.img",
                                               "initramfs-6.1.0.img",
                                               "initrd-16.1.0-5",
                                               "initrd-5.6.1.0-5",
                                               "initrd-" V "-amd64",
                                               "initrd-" V ".old",
                                               "initrd-" V ".fc39.img",
                                               "initrd-" V "kdump.img",
                                               "initrd-" V "~",
                                               "initramfs-" V ".img.new.",
                                               "",
                                               "initrd-" V ".",
                                               "initrd-" V ".imgx" };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(has); i++)
                if (!name_has_version(span_of(has[i]), V))
                        fail_msg("%s", has[i]);
        for (size_t i = 0; i < ELEMENTSOF(has_not); i++)
                if (name_has_version(span_of(has_not[i]), V))
                        fail_msg("%s", has_not[i]);
        assert_false(name_has_version(span_of("initrd"), ""));
        assert_true(path_has_version(span_of("/TOKEN/" V "/linux"), V));
        assert_true(path_has_version(span_of("/vmlinuz-" V), V));
        assert_false(path_has_version(span_of("/TOKEN/6.1.0-56/linux"), V));
}

static void test_special(void **state)
{
        (void)state;
        assert_true(name_is_special(span_of("initrd-" V "kdump.img")));
        assert_true(name_is_special(span_of("initramfs-0-rescue-abc.img")));
        assert_true(name_is_special(span_of("initramfs-linux-fallback.img")));
        assert_true(name_is_special(span_of("initrd.img.old-dkms")));
        assert_false(name_is_special(span_of("initrd-5.10-gold.img")));
}

static void test_words_behind(void **state)
{
        static const char *const has[] = { "initramfs-" V "-dracut.img",
                                           "initrd.img-" V ".dracut",
                                           "initrd" V,
                                           "initramfs-" V "-my_own.img.zst",
                                           "x-v" V ".img",
                                           "initramfs-" V "-x86_64.img",
                                           "initrd-" V "-x86_64-a",
                                           "initramfs-" V ".img.dracut",
                                           "initrd-" V "-dracut107" };
        static const char *const has_not[] = { "initrd-" V "6",        "initrd-" V "-6",      "initrd-" V "~",
                                               "initrd-1" V,           "initrd-5." V,         "initrd-" V "+x",
                                               "initrd-" V ".",        "initrd-" V "--x",     "initrd-" V ".rpmnew",
                                               "initrd-" V ".img.new", "initrd-" V ".img6",   "initrd-" V "_64",
                                               "initrd-" V "-x86_6",   "initrd-" V "-x86_645" };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(has); i++)
                if (!name_find_version(span_of(has[i]), V))
                        fail_msg("%s", has[i]);
        for (size_t i = 0; i < ELEMENTSOF(has_not); i++)
                if (name_find_version(span_of(has_not[i]), V))
                        fail_msg("%s", has_not[i]);
        assert_null(name_find_version(span_of("initrd"), ""));
}

static void test_images(void **state)
{
        static const struct {
                const char *name, *core;
        } images[] = {
                { "initrd", "" },
                { "initrd.img", "" },
                { "initrd.img-5", "5" },
                { "initramfs.cpio.zst", "" },
                { "uInitrd.gz", "" },
                { "uRamdisk-6.1", "6.1" },
                { "initramfs-linux-lts.img", "linux-lts" },
                { "dracut-linux-zen.img", "linux-zen" },
                { "elemental.initrd-6.4", "6.4" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(images); i++) {
                if (!name_is_image(span_of(images[i].name)))
                        fail_msg("%s", images[i].name);
                if (!span_is(name_core(span_of(images[i].name)), images[i].core))
                        fail_msg("%s", images[i].name);
        }
        assert_false(name_is_image(span_of("vmlinuz-6.1.dracut")));
        assert_false(name_is_image(span_of("init")));
}

static void test_flavour(void **state)
{
        (void)state;
        assert_true(name_has_flavour(span_of("initramfs-lts"), "6.6.8-0-lts"));
        assert_true(name_has_flavour(span_of("initramfs8"), "6.6.31+rpt-rpi-v8"));
        assert_true(name_has_flavour(span_of("initramfs7l"), "6.6.31+rpt-rpi-v7l"));
        assert_true(name_has_flavour(span_of("initramfs_2712.img"), "6.6.31+rpt-rpi-2712"));
        assert_false(name_has_flavour(span_of("initramfs8"), "6.6.31+rpt-rpi-v7"));
        assert_false(name_has_flavour(span_of("initramfs8"), "6.1.0-18"));
        assert_false(name_has_flavour(span_of("initramfs-virt"), "6.6.8-0-lts"));
        assert_false(name_has_flavour(span_of("initramfs-s"), "6.6.8-0-lts"));
        assert_false(name_has_flavour(span_of("initramfs"), "6.6.8-0-lts"));
        assert_false(name_has_flavour(span_of(""), ""));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_entry),       cmocka_unit_test(test_entry_odd),
                cmocka_unit_test(test_id),          cmocka_unit_test(test_env),
                cmocka_unit_test(test_fits),        cmocka_unit_test(test_boot_image),
                cmocka_unit_test(test_cmdline_get), cmocka_unit_test(test_version),
                cmocka_unit_test(test_special),     cmocka_unit_test(test_words_behind),
                cmocka_unit_test(test_flavour),     cmocka_unit_test(test_images),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
