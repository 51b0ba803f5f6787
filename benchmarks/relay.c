/* A TCP relay that makes a line long, or cuts it: `TARGET_PORT ROUND_TRIP_MS WINDOW_BYTES MEAN_CUT_BYTES`; it prints its
   port. A mean of 0 cuts nothing; otherwise a connection is cut after a random number of bytes to the client, the same
   numbers in every run.

   One thread. Bytes wait in blocks with the time at which they are due. A block is a pipe, so that they are never copied:
   a line takes no share of a machine's cores, but copying took as much as the quickest tool. Where there is a delay, a
   connection's first bytes wait one round trip more, as its handshake would, and what it has under way grows from 64 KiB
   with what has arrived up to the window, as TCP's own does; without that a relay, which answers from nearby, would make
   a long line look short. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 256 << 10, MOST_LINES = 512, FIRST_WINDOW = 64 << 10 };

struct block { struct block *next; double due; long bytes; int pipe[2]; };
struct way { int from, to, ended; double extra; long held, window, left; struct block *head, *tail; };
struct line { int client, server; struct way ways[2]; };

static struct line lines[MOST_LINES];
static struct pollfd polled[1 + 2 * MOST_LINES];
static struct block *spare;
static int count;
static double delay, mean_cut;
static long widest;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void drop(struct way *way) {
    struct block *block = way->head;
    way->head = block->next;
    block->next = spare;
    spare = block;
}

static struct block *get_block(void) {
    struct block *block = spare;
    if (block) {
        spare = block->next;
        return block;
    }
    block = calloc(1, sizeof *block);
    if (!block || pipe2(block->pipe, O_NONBLOCK)) {
        perror("a pipe");
        exit(1);
    }
    fcntl(block->pipe[1], F_SETPIPE_SZ, BLOCK); /* where it may not, it holds less */
    return block;
}

/* Take in what there is room for. */
static void take(struct way *way) {
    while (!way->ended && way->held < way->window) {
        struct block *block = get_block();
        block->bytes = splice(way->from, NULL, block->pipe[1], NULL, way->window - way->held, SPLICE_F_NONBLOCK);
        if (block->bytes <= 0) {
            way->ended = block->bytes == 0 || errno != EAGAIN;
            block->next = spare;
            spare = block;
            return;
        }
        block->next = NULL, block->due = now() + delay + way->extra;
        way->extra = 0;
        if (way->head) way->tail->next = block; else way->head = block;
        way->tail = block;
        way->held += block->bytes;
    }
}

/* Hand on what is due; false when the line is dead, or to be cut. */
static int give(struct way *way, double at) {
    while (way->head && way->head->due <= at) {
        struct block *block = way->head;
        long most = block->bytes < way->left ? block->bytes : way->left;
        long sent = splice(block->pipe[0], NULL, way->to, NULL, most, SPLICE_F_NONBLOCK);
        if (sent <= 0) return sent < 0 && errno == EAGAIN;
        block->bytes -= sent;
        way->held -= sent;
        way->left -= sent;
        if (!way->left) return 0;
        way->window += sent;
        if (way->window > widest) way->window = widest;
        if (block->bytes) return 1;
        drop(way);
    }
    return !(way->ended && !way->head);
}

static void hang_up(int number) {
    struct line *line = &lines[number];
    for (int side = 0; side < 2; side++)
        for (struct block *block; (block = line->ways[side].head);) {
            line->ways[side].head = block->next; /* not spared: there are bytes in its pipe */
            close(block->pipe[0]);
            close(block->pipe[1]);
            free(block);
        }
    close(line->client);
    close(line->server);
    *line = lines[--count];
}

static void answer(int listener, struct sockaddr_in *target) {
    int one = 1, client = accept4(listener, NULL, NULL, SOCK_NONBLOCK), server = socket(AF_INET, SOCK_STREAM, 0);
    if (client < 0) { if (server >= 0) close(server); return; }
    if (count == MOST_LINES || server < 0 || connect(server, (void *)target, sizeof *target)) {
        close(client);
        if (server >= 0) close(server);
        return;
    }
    fcntl(server, F_SETFL, O_NONBLOCK);
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    long first = delay ? FIRST_WINDOW : widest, left = mean_cut ? 1 - log(1 - drand48()) * mean_cut : LONG_MAX;
    lines[count++] = (struct line){client, server, {
        {.from = client, .to = server, .extra = 2 * delay, .window = first, .left = LONG_MAX},
        {.from = server, .to = client, .window = first, .left = left}}};
}

/* How long nothing will be due, in milliseconds; a way that cannot be written to is looked at again soon. */
static int patience(double at) {
    double next = at + 1;
    for (int i = 0; i < count; i++)
        for (int side = 0; side < 2; side++)
            if (lines[i].ways[side].head && lines[i].ways[side].head->due < next) next = lines[i].ways[side].head->due;
    return next <= at ? 1 : (int)((next - at) * 1000) + 1;
}

int main(int argc, char **argv) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, target = here;
    socklen_t size = sizeof here;
    if (argc != 5) return 2;
    signal(SIGPIPE, SIG_IGN);
    target.sin_port = htons(atoi(argv[1]));
    delay = atof(argv[2]) / 2000;
    widest = atol(argv[3]) / 2; /* half of what is under way in a round trip is in this direction */
    mean_cut = atof(argv[4]);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (void *)&here, size) || listen(listener, 512) || getsockname(listener, (void *)&here, &size)) return 1;
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    for (;;) {
        polled[0] = (struct pollfd){.fd = listener, .events = POLLIN};
        for (int i = 0; i < count; i++)
            for (int side = 0; side < 2; side++) {
                struct way *way = &lines[i].ways[side];
                int wants = !way->ended && way->held < way->window;
                polled[1 + 2 * i + side] = (struct pollfd){.fd = wants ? way->from : -1, .events = POLLIN};
            }
        int held = count;
        poll(polled, 1 + 2 * held, patience(now()));
        double at = now();
        for (int i = held - 1; i >= 0; i--) {
            int alive = 1;
            for (int side = 0; side < 2; side++) {
                if (polled[1 + 2 * i + side].revents) take(&lines[i].ways[side]);
                alive &= give(&lines[i].ways[side], at);
            }
            if (!alive) hang_up(i);
        }
        if (polled[0].revents) answer(listener, &target);
    }
}
