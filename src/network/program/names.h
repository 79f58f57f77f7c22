/* How host names are resolved: by /etc/hosts and DNS alone, whatever nsswitch.conf(5) says. */
#ifndef NETWORK_PROGRAM_NAMES_H
#define NETWORK_PROGRAM_NAMES_H

/*
 * Call once, before the first name. Other services are modules that would be loaded into this
 * process and use unix sockets, which it never has. systemd-resolved also works as a DNS server.
 */
void names_by_files_and_dns(void);

/*
 * Call once, before the first thread. Lets a lookup, with up to three name servers that do not answer, end within about the
 * time-out for a server, so that the next one is asked in time, and no thread and descriptors stay behind. Does nothing if
 * $RES_OPTIONS or that resolv.conf(5) says how long to wait, or the time-out is as long as the resolver's own.
 */
void names_within(unsigned timeout_seconds, const char *configuration);

/* The services in that nsswitch.conf that are not used and may know other names, separated by
 * commas; NULL: there are none. The caller frees it. */
char *names_not_asked(const char *configuration);

#endif
