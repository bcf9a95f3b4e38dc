/* The first process of a version that hangs: it arms the watchdog, as init does first, and then nothing happens. */
#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    static const char words[] = "test-hang: hangs\r\n";
    int seconds = 10;
    mkdir("/dev", 0755);
    mount("devtmpfs", "/dev", "devtmpfs", 0, "");
    int watchdog = open("/dev/watchdog0", O_WRONLY);
    ioctl(watchdog, WDIOC_SETTIMEOUT, &seconds);
    int console = open("/dev/console", O_WRONLY);
    if (write(console, words, sizeof words - 1) < 0) return 1;
    for (;;) pause();
}
