/* Opens many Server-Sent-Event streams and tells when their events arrive. Compiled and driven by swarm.py.

   load PORT PATH SOURCE_ADDRESS TOKENS_FILE   (a token a line; stream i sends line i modulo their number; may be empty;
   10,000 streams come from the address, the next from the one after it)

   Commands, a line each on standard input; its end ends the program:
     open N RATE   open N more streams, RATE a second
     mark          forget all that was measured so far
     report        print one line of JSON

   Counted are whole `update` events: from their `event: update` to the blank line that ends them. A stream whose next
   event is overdue when the report is made counts with the time it has waited so far, so that a server that has stopped
   sending does not look punctual. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_STREAMS = 20000, STREAMS_PER_ADDRESS = 10000, BINS = 60000, TAIL = 16, READ_BYTES = 1 << 20, REQUEST_BYTES = 4096 };
static const double OVERDUE_SECONDS = 2.5;
static const char BEGIN[] = "event: update", END[] = "\n\n";

enum state { CONNECTING, ASKED, BETWEEN, INSIDE, CLOSED }; /* an answer begun is BETWEEN events or INSIDE one */

struct stream {
    double began, last; /* last: 0 before the first event */
    int fd;
    unsigned char state, tail_length;
    char tail[TAIL]; /* the end of the last read, where a mark may have been cut */
};

struct times { /* of milliseconds */
    uint64_t bins[BINS];
    double most;
};

static struct stream streams[MAX_STREAMS];
static struct times gaps, firsts;
static uint64_t events, bytes;
static int started, target, open_now, closed, refused, poller;
static double rate = 1000, ramp_began;
static int ramp_from, port;
static const char *path, *source;
static char **tokens;
static int token_count;

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec * 1e-9;
}

static void note(struct times *times, double seconds) {
    int64_t bin = (int64_t)(seconds * 1000 + 0.5);
    times->bins[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin]++;
    if (seconds > times->most) times->most = seconds;
}

static void read_tokens(const char *name) {
    char line[REQUEST_BYTES / 2];
    FILE *file = fopen(name, "r");
    if (!file) { perror(name); exit(1); }
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\r\n")] = 0;
        tokens = realloc(tokens, sizeof *tokens * (token_count + 1));
        tokens[token_count++] = strdup(line);
    }
    fclose(file);
}

static void close_stream(struct stream *stream) {
    if (stream->fd >= 0) close(stream->fd);
    stream->fd = -1;
    stream->state = CLOSED;
    closed++;
    open_now--;
}

static void connect_next(void) {
    int index = started++, yes = 1;
    struct stream *stream = &streams[index];
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct epoll_event interest = {.events = EPOLLOUT, .data.u32 = index};
    inet_pton(AF_INET, source, &from.sin_addr);
    from.sin_addr.s_addr = htonl(ntohl(from.sin_addr.s_addr) + index / STREAMS_PER_ADDRESS);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    open_now++;
    stream->began = now();
    stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (stream->fd < 0) { perror("socket"); close_stream(stream); return; }
    /* The port is chosen at connect(), by the whole pair of addresses: 28,000 of them for each source address. The
       kernel tries the 14,000 of one parity first; once they are taken, each connect() takes milliseconds to see it. */
    setsockopt(stream->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    if (bind(stream->fd, (void *)&from, sizeof from) ||
        (connect(stream->fd, (void *)&to, sizeof to) && errno != EINPROGRESS)) {
        perror("connect");
        close_stream(stream);
        return;
    }
    epoll_ctl(poller, EPOLL_CTL_ADD, stream->fd, &interest);
}

static void ask(int index) {
    char request[REQUEST_BYTES];
    struct stream *stream = &streams[index];
    struct epoll_event interest = {.events = EPOLLIN, .data.u32 = index};
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: text/event-stream\r\n%s%s%s\r\n", path, port,
                          token_count ? "Authorization: Bearer " : "", token_count ? tokens[index % token_count] : "",
                          token_count ? "\r\n" : "");
    if (length >= (int)sizeof request || write(stream->fd, request, length) != length) { close_stream(stream); return; }
    stream->state = ASKED;
    epoll_ctl(poller, EPOLL_CTL_MOD, stream->fd, &interest);
}

static void count_event(struct stream *stream, double at) {
    events++;
    if (stream->last > 0) note(&gaps, at - stream->last);
    else note(&firsts, at - stream->began);
    stream->last = at;
}

static void take(struct stream *stream) {
    static char buffer[TAIL + READ_BYTES];
    char *text = buffer + TAIL - stream->tail_length, *end;
    ssize_t count = read(stream->fd, buffer + TAIL, READ_BYTES);
    double at = now();
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) { close_stream(stream); return; }
    bytes += count;
    end = buffer + TAIL + count;
    memcpy(text, stream->tail, stream->tail_length);
    if (stream->state == ASKED) {
        if (count < 12 || memcmp(text, "HTTP/1.1 200", 12)) { refused++; close_stream(stream); return; }
        stream->state = BETWEEN;
    }
    for (;;) {
        const char *mark = stream->state == INSIDE ? END : BEGIN;
        char *found = memmem(text, end - text, mark, strlen(mark));
        if (!found) break;
        text = found + strlen(mark);
        if (stream->state == INSIDE) count_event(stream, at);
        stream->state = stream->state == INSIDE ? BETWEEN : INSIDE;
    }
    stream->tail_length = end - text < TAIL ? end - text : TAIL;
    memcpy(stream->tail, end - stream->tail_length, stream->tail_length);
}

static void print_times(const char *name, const struct times *times) {
    const char *comma = "";
    printf("\"%s\":{\"most\":%.6f,\"bins\":{", name, times->most);
    for (int bin = 0; bin < BINS; bin++)
        if (times->bins[bin]) {
            printf("%s\"%d\":%lu", comma, bin, (unsigned long)times->bins[bin]);
            comma = ",";
        }
    printf("}}");
}

static void report(void) {
    double at = now();
    int waiting = 0;
    struct times all_gaps = gaps, all_firsts = firsts;
    for (int index = 0; index < started; index++) {
        const struct stream *stream = &streams[index];
        if (stream->state == CLOSED) continue;
        if (stream->last == 0) { waiting++; note(&all_firsts, at - stream->began); }
        else if (at - stream->last > OVERDUE_SECONDS) note(&all_gaps, at - stream->last);
    }
    printf("{\"started\":%d,\"open\":%d,\"closed\":%d,\"refused\":%d,\"waiting\":%d,\"events\":%lu,\"bytes\":%lu,", started,
           open_now, closed, refused, waiting, (unsigned long)events, (unsigned long)bytes);
    print_times("gaps", &all_gaps);
    printf(",");
    print_times("firsts", &all_firsts);
    printf("}\n");
    fflush(stdout);
}

static void obey(const char *line) {
    int more;
    double wanted;
    if (sscanf(line, "open %d %lf", &more, &wanted) == 2) {
        target = target + more > MAX_STREAMS ? MAX_STREAMS : target + more;
        rate = wanted;
        ramp_from = started;
        ramp_began = now();
    } else if (!strncmp(line, "mark", 4)) {
        memset(&gaps, 0, sizeof gaps);
        memset(&firsts, 0, sizeof firsts);
        events = bytes = 0;
    } else if (!strncmp(line, "report", 6)) {
        report();
    }
}

static int read_commands(void) {
    static char pending[4096];
    static size_t length;
    char *newline;
    ssize_t count = read(0, pending + length, sizeof pending - 1 - length);
    if (count <= 0) return 0;
    length += count;
    pending[length] = 0;
    while ((newline = strchr(pending, '\n'))) {
        *newline = 0;
        obey(pending);
        length -= newline + 1 - pending;
        memmove(pending, newline + 1, length + 1);
    }
    return 1;
}

int main(int count, char **arguments) {
    struct epoll_event ready[1024], standard_input = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
    if (count != 5) { fprintf(stderr, "usage: load PORT PATH SOURCE_ADDRESS TOKENS_FILE\n"); return 2; }
    port = atoi(arguments[1]);
    path = arguments[2];
    source = arguments[3];
    read_tokens(arguments[4]);
    poller = epoll_create1(0);
    epoll_ctl(poller, EPOLL_CTL_ADD, 0, &standard_input);
    for (;;) {
        int is_opening = started < target;
        int many = epoll_wait(poller, ready, 1024, is_opening ? 2 : 1000);
        for (int i = 0; i < many; i++) {
            uint32_t index = ready[i].data.u32;
            if (index == UINT32_MAX) {
                if (!read_commands()) return 0;
            } else if (streams[index].state == CONNECTING) {
                ask(index);
            } else if (streams[index].state != CLOSED) {
                take(&streams[index]);
            }
        }
        while (started < target && started - ramp_from < (now() - ramp_began) * rate) connect_next();
    }
}
