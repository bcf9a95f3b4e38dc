#include <unistd.h>

#include <cstdio>

#include "initfs/init/first_process.h"

int main() {
    if (getpid() != 1) {
        std::fputs("error: 'init' is the first process of a machine and cannot be started otherwise\n",
                   stderr);
        return 2;
    }
    cairn::init::run_first_process();
}
