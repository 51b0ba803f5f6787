/* A TCP relay that adds half a round trip in each direction: `TARGET_PORT ROUND_TRIP_MS WINDOW_BYTES`, prints its port.

   One thread. Bytes wait in blocks with the time at which they are due. A connection's first bytes wait one round trip
   more, as its handshake would, and what it has under way grows from 64 KiB with what has arrived up to the window,
   as TCP's own does; without that a relay, which answers from nearby, would make a long line look short. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 64 << 10, MOST_LINES = 512, FIRST_WINDOW = 64 << 10 };

struct block { struct block *next; double due; int at, end; char bytes[BLOCK]; };
struct way { int from, to, ended; double extra; long held, window; struct block *head, *tail; };
struct line { int client, server; struct way ways[2]; };

static struct line lines[MOST_LINES];
static struct pollfd polled[1 + 2 * MOST_LINES];
static struct block *spare;
static int count;
static double delay;
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

/* Take in what there is room for. */
static void take(struct way *way) {
    while (!way->ended && way->held < way->window) {
        struct block *block = spare;
        if (block) spare = block->next; else block = malloc(sizeof *block);
        if (!block) abort();
        ssize_t got = recv(way->from, block->bytes, BLOCK, MSG_DONTWAIT);
        if (got <= 0) {
            block->next = spare;
            spare = block;
            if (got == 0 || errno != EAGAIN) way->ended = 1;
            return;
        }
        block->next = NULL, block->at = 0, block->end = got, block->due = now() + delay + way->extra;
        way->extra = 0;
        if (way->head) way->tail->next = block; else way->head = block;
        way->tail = block;
        way->held += got;
    }
}

/* Hand on what is due; false when the line is dead. */
static int give(struct way *way, double at) {
    while (way->head && way->head->due <= at) {
        struct block *block = way->head;
        ssize_t sent = send(way->to, block->bytes + block->at, block->end - block->at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN;
        block->at += sent;
        way->held -= sent;
        way->window += sent;
        if (way->window > widest) way->window = widest;
        if (block->at < block->end) return 1;
        drop(way);
    }
    return !(way->ended && !way->head);
}

static void hang_up(int number) {
    struct line *line = &lines[number];
    for (int side = 0; side < 2; side++)
        while (line->ways[side].head) drop(&line->ways[side]);
    close(line->client);
    close(line->server);
    *line = lines[--count];
}

static void answer(int listener, struct sockaddr_in *target) {
    int one = 1, client = accept(listener, NULL, NULL), server = socket(AF_INET, SOCK_STREAM, 0);
    if (client < 0) { if (server >= 0) close(server); return; }
    if (count == MOST_LINES || server < 0 || connect(server, (void *)target, sizeof *target)) {
        close(client);
        if (server >= 0) close(server);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    lines[count++] = (struct line){client, server, {
        {.from = client, .to = server, .extra = 2 * delay, .window = FIRST_WINDOW},
        {.from = server, .to = client, .window = FIRST_WINDOW}}};
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
    if (argc != 4) return 2;
    target.sin_port = htons(atoi(argv[1]));
    delay = atof(argv[2]) / 2000;
    widest = atol(argv[3]) / 2; /* half of what is under way in a round trip is in this direction */
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
