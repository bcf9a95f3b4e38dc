// Only what a recent OpenSSH offers first.
#define DROPBEAR_RSA 0
#define DROPBEAR_DH_GROUP14_SHA256 0
#define DROPBEAR_SMALL_CODE 0
#define DROPBEAR_SFTPSERVER 0
#define DROPBEAR_SVR_AGENTFWD 0
#define DO_MOTD 1
#define DEFAULT_PATH "/usr/bin"
#define DEFAULT_ROOT_PATH "/usr/bin"
#define DROPBEAR_PIDFILE "/run/dropbear.pid"
