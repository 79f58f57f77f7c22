/* How host names are resolved: by /etc/hosts and DNS alone, whatever nsswitch.conf(5) says. */
#ifndef NETWORK_PROGRAM_NAMES_H
#define NETWORK_PROGRAM_NAMES_H

/*
 * Once, before the first name. Other services are modules that would be loaded into this process, and ask
 * daemons by unix sockets, which it never has. systemd-resolved is a DNS server, too.
 */
void names_by_files_and_dns(void);

/* The services of that nsswitch.conf that are not asked and may know further names, with a comma between;
 * NULL: there are none. The caller frees it. */
char *names_not_asked(const char *configuration);

#endif
