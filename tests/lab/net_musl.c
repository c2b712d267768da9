/* What a program that is linked with musl (Alpine) prints when the network refuses. Comes in: a name to resolve. Goes out: lines on stderr. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
static int sock(const char *ip, int port, struct sockaddr_in *a) {
  memset(a, 0, sizeof *a); a->sin_family = AF_INET; a->sin_port = htons(port); inet_pton(AF_INET, ip, &a->sin_addr);
  return socket(AF_INET, SOCK_STREAM, 0);
}
static void say(const char *what) { fprintf(stderr, "gateway: %s: %s\n", what, strerror(errno)); }
int main(int n, char **v) {
  struct sockaddr_in a; int s = sock("127.0.0.1", 18300, &a);
  bind(s, (void *)&a, sizeof a); listen(s, 1);
  int t = sock("127.0.0.1", 18300, &a);
  if (bind(t, (void *)&a, sizeof a)) say("bind 127.0.0.1:18300");
  t = sock("203.0.113.7", 18301, &a); if (bind(t, (void *)&a, sizeof a)) say("bind 203.0.113.7:18301");
  t = sock("127.0.0.1", 18302, &a); if (connect(t, (void *)&a, sizeof a)) say("connect 127.0.0.1:18302");
  t = sock("198.51.100.7", 5432, &a); if (connect(t, (void *)&a, sizeof a)) say("connect 198.51.100.7:5432");
  t = sock("198.51.101.7", 5432, &a); if (connect(t, (void *)&a, sizeof a)) say("connect 198.51.101.7:5432");
  struct addrinfo *r; int e = getaddrinfo(n > 1 ? v[1] : "db.internal", "5432", 0, &r);
  if (e) fprintf(stderr, "gateway: resolve db.internal: %s\n", gai_strerror(e));
  struct rlimit l = {6, 6}; setrlimit(RLIMIT_NOFILE, &l);
  for (int i = 0; i < 6; i++) if (open("/etc/hosts", O_RDONLY) < 0) { say("open /etc/hosts"); break; }
  fprintf(stderr, "gateway: all texts: %d=%s %d=%s %d=%s %d=%s\n", ETIMEDOUT, strerror(ETIMEDOUT), ENFILE, strerror(ENFILE), EAI_AGAIN, gai_strerror(EAI_AGAIN), EAI_FAIL, gai_strerror(EAI_FAIL));
}
