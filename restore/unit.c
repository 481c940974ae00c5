/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <ctype.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "skipcpio/util.h"

#define PROGRAM "dracut-initramfs-restore"
#define OPTIONS "RESTORE_OPTIONS"
#define COMPOSE "--compose"

/* Where units and drop-ins are, the strongest place first. */
static const char *const places[] = { "etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system",
                                      "usr/lib/systemd/system", "lib/systemd/system" };

/* Settings that give a service a mount namespace (exec_needs_mount_namespace() in systemd's src/core/execute.c) or take
 * root's rights from it, and the values of them that do not. */
static const struct setting {
        const char *name, *harmless;
} settings[] = {
        { "BindLogSockets", NULL },
        { "BindPaths", "" },
        { "BindReadOnlyPaths", "" },
        { "DynamicUser", NULL },
        { "ExecPaths", "" },
        { "ExtensionDirectories", "" },
        { "ExtensionImages", "" },
        { "IPCNamespacePath", "" },
        { "InaccessiblePaths", "" },
        { "LogNamespace", "" },
        { "MountFlags", "shared" },
        { "MountImages", "" },
        { "NetworkNamespacePath", "" },
        { "NoExecPaths", "" },
        { "PrivateBPF", NULL },
        { "PrivateDevices", NULL },
        { "PrivateIPC", NULL },
        { "PrivateMounts", NULL },
        { "PrivateNetwork", NULL },
        { "PrivateTmp", NULL },
        { "PrivateUsers", NULL },
        { "ProcSubset", "all" },
        { "ProtectControlGroups", NULL },
        { "ProtectHome", NULL },
        { "ProtectKernelLogs", NULL },
        { "ProtectKernelModules", NULL },
        { "ProtectKernelTunables", NULL },
        { "ProtectProc", "default" },
        { "ProtectSystem", NULL },
        { "ReadOnlyPaths", "" },
        { "ReadWritePaths", "" },
        { "RootDirectory", "" },
        { "RootImage", "" },
        { "TemporaryFileSystem", "" },
        { "User", "root" },
};

/* The settings in the files read so far. */
struct unit {
        bool confined[ELEMENTSOF(settings)];
        char confining[ELEMENTSOF(settings)][PATH_MAX]; /* file that says so */
        bool masked;
        bool starts;          /* ExecStart= names one */
        bool stops;           /* ExecStop= names the program */
        bool composes;        /* and has --compose */
        bool takes_options;   /* and the variable */
        bool option_composes; /* which has --compose */
};

static bool is_harmless(const struct setting *setting, const char *value)
{
        static const char *const no[] = { "", "no", "n", "false", "f", "off", "0" };

        for (size_t i = 0; i < ELEMENTSOF(no); i++)
                if (strcasecmp(value, no[i]) == 0)
                        return true;
        return setting->harmless && strcmp(value, setting->harmless) == 0;
}

/* Each line adds a command; an empty one removes all. */
static void take_stop(struct unit *unit, const char *value)
{
        unit->stops = *value && (unit->stops || strstr(value, PROGRAM));
        unit->composes = *value && (unit->composes || strstr(value, COMPOSE));
        unit->takes_options = *value && (unit->takes_options || strstr(value, "$" OPTIONS));
}

static void take_line(struct unit *unit, char *line, const char *file)
{
        char *value = strchr(line, '='), *end;

        if (!value)
                return;
        for (end = value; end > line && isspace((unsigned char)end[-1]); end--)
                ;
        *end = '\0';
        value += 1 + strspn(value + 1, " \t");
        for (end = value + strlen(value); end > value && isspace((unsigned char)end[-1]); end--)
                ;
        *end = '\0';
        if (strcmp(line, "ExecStart") == 0)
                unit->starts = *value;
        if (strcmp(line, "ExecStop") == 0)
                take_stop(unit, value);
        if (strcmp(line, "Environment") == 0 && (!*value || strstr(value, OPTIONS "=")))
                unit->option_composes = strstr(value, COMPOSE);
        for (size_t i = 0; i < ELEMENTSOF(settings); i++)
                if (strcmp(line, settings[i].name) == 0) {
                        unit->confined[i] = !is_harmless(&settings[i], value);
                        snprintf(unit->confining[i], sizeof(unit->confining[i]), "%s", file);
                }
}

static bool read_file(struct unit *unit, const char *sysroot, const char *file)
{
        _cleanup_fclose_ FILE *f = NULL;
        _cleanup_free_ char *line = NULL;
        char path[PATH_MAX];
        size_t size = 0;
        bool service = false;

        if ((size_t)snprintf(path, sizeof(path), "%s/%s", sysroot, file) >= sizeof(path))
                return false;
        f = fopen(path, "re");
        while (f && getline(&line, &size, f) >= 0) {
                char *start = line + strspn(line, " \t");

                if (*start == '[')
                        service = strncmp(start, "[Service]", strlen("[Service]")) == 0;
                else if (service)
                        take_line(unit, start, file);
        }
        return f != NULL;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(strrchr(*(char *const *)a, '/'), strrchr(*(char *const *)b, '/'));
}

/* The drop-ins of one kind from all places, by name; of equal names only the strongest counts. */
static void read_drop_ins(struct unit *unit, const char *sysroot, const char *directory)
{
        char *files[256];
        size_t count = 0;

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                char pattern[PATH_MAX];
                glob_t found = { 0 };

                if ((size_t)snprintf(pattern, sizeof(pattern), "%s/%s/%s/*.conf", sysroot, places[i], directory) >=
                                    sizeof(pattern) ||
                    glob(pattern, 0, NULL, &found) != 0)
                        continue;
                for (size_t j = 0; j < found.gl_pathc && count < ELEMENTSOF(files); j++) {
                        char *file = strdup(found.gl_pathv[j] + strlen(sysroot) + 1);
                        bool seen = !file;

                        for (size_t k = 0; !seen && k < count; k++)
                                seen = compare_names(&files[k], &file) == 0;
                        if (seen)
                                free(file);
                        else
                                files[count++] = file;
                }
                globfree(&found);
        }
        qsort(files, count, sizeof(*files), compare_names);
        for (size_t i = 0; i < count; i++) {
                read_file(unit, sysroot, files[i]);
                free(files[i]);
        }
}

static bool is_wanted(const char *sysroot)
{
        bool wanted = false;

        for (size_t i = 0; i < ELEMENTSOF(places) && !wanted; i++) {
                char pattern[PATH_MAX];
                glob_t found = { 0 };

                snprintf(pattern, sizeof(pattern), "%s/%s/*.wants/" UNIT_NAME, sysroot, places[i]);
                wanted = glob(pattern, 0, NULL, &found) == 0;
                globfree(&found);
        }
        return wanted;
}

static bool is_there(const char *sysroot, const char *file)
{
        char path[PATH_MAX];

        return (size_t)snprintf(path, sizeof(path), "%s/%s", sysroot, file) < sizeof(path) &&
               faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* As a unit that is masked: a link to /dev/null, or an empty file. */
static bool is_empty(const char *sysroot, const char *file)
{
        char path[PATH_MAX];
        struct stat st;

        return (size_t)snprintf(path, sizeof(path), "%s/%s", sysroot, file) < sizeof(path) && stat(path, &st) == 0 &&
               st.st_size == 0;
}

/* systemd 240 and later has a link for each active unit that has run a command (unit_export_invocation_id() in
 * src/core/unit.c). dracut's own unit runs none since 112: of that, nothing but systemd tells. */
static bool is_active(const struct unit *unit, const char *sysroot)
{
        return !unit->starts || !is_there(sysroot, "run/systemd/units") ||
               is_there(sysroot, "run/systemd/units/invocation:" UNIT_NAME);
}

_printf_(3, 4) static int wrong(char *reason, size_t size, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        vsnprintf(reason, size, format, args);
        va_end(args);
        return -ECANCELED;
}

/* @return whether there is such a unit */
static bool read_unit(struct unit *unit, const char *sysroot)
{
        bool found = false;

        for (size_t i = 0; i < ELEMENTSOF(places) && !found; i++) {
                char file[PATH_MAX];

                snprintf(file, sizeof(file), "%s/" UNIT_NAME, places[i]);
                found = read_file(unit, sysroot, file);
                unit->masked = found && is_empty(sysroot, file);
        }
        if (found) {
                read_drop_ins(unit, sysroot, "service.d");
                read_drop_ins(unit, sysroot, UNIT_NAME ".d");
        }
        return found;
}

bool unit_composes(const char *sysroot)
{
        _cleanup_free_ struct unit *unit = calloc(1, sizeof(*unit));

        return unit && read_unit(unit, sysroot) && (unit->composes || (unit->takes_options && unit->option_composes));
}

int unit_check(const char *sysroot, char *reason, size_t size)
{
        _cleanup_free_ struct unit *unit = calloc(1, sizeof(*unit));

        if (!unit)
                return wrong(reason, size, "no memory to read the unit");
        if (!read_unit(unit, sysroot))
                return wrong(reason, size, "there is no " UNIT_NAME);
        if (unit->masked)
                return wrong(reason, size, UNIT_NAME " is masked");
        if (!is_wanted(sysroot))
                return wrong(reason, size, UNIT_NAME " is not enabled: no unit wants it");
        if (!unit->stops)
                return wrong(reason, size, UNIT_NAME " does not stop with " PROGRAM);
        for (size_t i = 0; i < ELEMENTSOF(settings); i++)
                if (unit->confined[i])
                        return wrong(reason, size,
                                     "%s= in /%s keeps the unit from mounting the tree where PID 1 sees it",
                                     settings[i].name, unit->confining[i]);
        if (!is_active(unit, sysroot))
                return wrong(reason, size, UNIT_NAME " is not active: it has to be started before it can be stopped");
        return 0;
}
