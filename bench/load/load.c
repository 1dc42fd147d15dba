#define _GNU_SOURCE
#include "load.h"

#include "response.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  MAX_LATENCIES = 1 << 24,
  READ_BYTES = 256 * 1024,
  TICK_MS = 10,      // throttled reads happen on this beat
  STALL_SECONDS = 60, // nothing sent or received for so long: the run has failed
};

struct connection {
  int fd;
  bool busy, waits_to_write, in_rest, answered;
  char *head; // this connection's copy of the request's first part
  uint64_t sent;
  uint64_t started_ns;
  struct response response;
};

static struct {
  const struct load_options *options;
  struct request request;
  struct connection *connections;
  struct load_result result;
  int epoll;
  bool measuring;
  uint64_t started, finished; // requests
  uint64_t unique;
} run;

static char read_buffer[READ_BYTES];

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void die(const char *what) {
  fprintf(stderr, "icapload: %s: %s\n", what, strerror(errno));
  exit(2);
}

static bool throttled(void) { return run.options->read_bytes_per_second != 0; }

static void watch(struct connection *connection, int operation, bool for_writing) {
  uint32_t reading = throttled() ? 0 : EPOLLIN;
  struct epoll_event event = {.events = reading | (for_writing ? EPOLLOUT : 0), .data.ptr = connection};
  connection->waits_to_write = for_writing;
  if (epoll_ctl(run.epoll, operation, connection->fd, &event)) die("epoll_ctl");
}

static void open_connection(struct connection *connection) {
  int one = 1, buffer = run.options->receive_buffer_bytes;
  connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection->fd < 0) die("socket");
  if (buffer) setsockopt(connection->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)run.options->request.port)};
  if (inet_pton(AF_INET, run.options->request.host, &address.sin_addr) != 1) die("host is not an IPv4 address");
  if (connect(connection->fd, (struct sockaddr *)&address, sizeof address)) die("connect");
  fcntl(connection->fd, F_SETFL, O_NONBLOCK);
  watch(connection, EPOLL_CTL_ADD, false);
}

static void reopen(struct connection *connection) {
  close(connection->fd);
  open_connection(connection);
}

static const struct script *current_script(const struct connection *connection) {
  return connection->in_rest ? &run.request.rest : &run.request.first;
}

static bool has_sent_all(const struct connection *connection) {
  return connection->sent == current_script(connection)->total;
}

static void fail(struct connection *connection, const char *what) {
  const struct response *response = &connection->response;
  if (run.result.failures < 5)
    fprintf(stderr, "icapload: %s (state %d, status %d, %llu body bytes received, %llu of %llu bytes sent)\n%.*s\n", what,
            response->state, response->status, (unsigned long long)response->body_bytes,
            (unsigned long long)connection->sent, (unsigned long long)current_script(connection)->total,
            (int)response->head_bytes, response->head);
  run.result.failures++;
  run.finished++;
  connection->busy = false;
  reopen(connection);
}

// Sends what the socket takes. False: the connection is broken.
static bool pump(struct connection *connection) {
  const struct script *script = current_script(connection);
  while (connection->sent < script->total) {
    struct iovec vectors[8];
    char *head = connection->in_rest ? NULL : connection->head;
    int count = script_gather(script, head, connection->sent, vectors, 8);
    ssize_t written = writev(connection->fd, vectors, count);
    if (written < 0) {
      if (errno != EAGAIN) return false;
      if (!connection->waits_to_write) watch(connection, EPOLL_CTL_MOD, true);
      return true;
    }
    connection->sent += (uint64_t)written;
    run.result.bytes_out += (uint64_t)written;
  }
  if (connection->waits_to_write) watch(connection, EPOLL_CTL_MOD, false);
  return true;
}

static void pump_or_fail(struct connection *connection) {
  if (pump(connection)) return;
  // A server may answer and close before it has read all; what it said still waits to be read.
  if (run.options->expected_status == ANY_STATUS) connection->sent = current_script(connection)->total;
  else fail(connection, "write failed");
}

static void start(struct connection *connection, uint64_t due_ns) {
  if (run.options->unique && run.request.unique_at) {
    char digits[UNIQUE_BYTES + 1];
    snprintf(digits, sizeof digits, "%016llx", (unsigned long long)(++run.unique + ((uint64_t)getpid() << 40)));
    memcpy(connection->head + run.request.unique_at, digits, UNIQUE_BYTES);
  }
  connection->busy = true;
  connection->in_rest = connection->answered = false;
  connection->sent = 0;
  connection->started_ns = due_ns;
  response_reset(&connection->response);
  run.started++;
  pump_or_fail(connection);
}

static void finish(struct connection *connection) {
  const struct response *response = &connection->response;
  struct load_result *result = &run.result;
  connection->busy = false;
  run.finished++;
  if (run.measuring) {
    uint64_t latency = (now_ns() - connection->started_ns) / 100;
    if (result->latency_count < MAX_LATENCIES)
      result->latencies[result->latency_count++] = latency > UINT32_MAX ? UINT32_MAX : (uint32_t)latency;
    result->requests++;
    if (response->status > 0 && response->status < 600) result->by_status[response->status]++;
  }
  int expected = run.options->expected_status;
  bool is_short = response->status == 200 && run.options->request.mode != MODE_OPTIONS &&
                  response->body_bytes != run.request.body_bytes;
  if (expected != ANY_STATUS && (response->status != expected || is_short)) result->wrong_answers++;
  if (response->closes) {
    result->closes++;
    reopen(connection);
  }
}

// False: the connection has been reopened, there is nothing more to read.
static bool take(struct connection *connection, const char *bytes, size_t length) {
  struct expected_body expected = {.request = run.options->expected_status == ANY_STATUS ? NULL : &run.request};
  if (run.options->unique && run.request.unique_at) expected.unique = connection->head + run.request.unique_at;
  while (length) {
    size_t used = 0;
    enum response_event event = response_feed(&connection->response, bytes, length, &expected, &used);
    if (run.options->trace && event != RESPONSE_MORE)
      fwrite(connection->response.head, 1, connection->response.head_bytes, stderr);
    bytes += used;
    length -= used;
    if (event == RESPONSE_BROKEN) {
      fail(connection, "the answer is not ICAP or a body byte differs");
      return false;
    }
    if (event == RESPONSE_CONTINUE) {
      run.result.continues++;
      if (!run.request.rest.total || connection->in_rest) {
        fail(connection, "100 Continue with nothing left to send");
        return false;
      }
      response_reset(&connection->response);
      connection->in_rest = true;
      connection->sent = 0;
      pump_or_fail(connection);
    }
    if (event == RESPONSE_END) {
      if (length) {
        fail(connection, "bytes after the end of the answer");
        return false;
      }
      connection->answered = true;
    }
  }
  return true;
}

static void end_of_stream(struct connection *connection) {
  if (connection->busy) {
    fail(connection, "connection closed by the server");
    return;
  }
  run.result.closes++;
  reopen(connection);
}

// Reads until the socket is empty or `budget` bytes are taken.
static void on_readable(struct connection *connection, uint64_t budget) {
  while (budget) {
    size_t size = budget < sizeof read_buffer ? (size_t)budget : sizeof read_buffer;
    ssize_t received = read(connection->fd, read_buffer, size);
    if (received < 0) {
      if (errno != EAGAIN) fail(connection, "read failed");
      return;
    }
    if (received == 0) {
      end_of_stream(connection);
      return;
    }
    run.result.bytes_in += (uint64_t)received;
    budget -= (uint64_t)received;
    if (!connection->busy) {
      fail(connection, "bytes that belong to no request");
      return;
    }
    if (!take(connection, read_buffer, (size_t)received)) return;
    if (connection->answered && has_sent_all(connection)) {
      finish(connection);
      return;
    }
    if ((size_t)received < size) return;
  }
}

static bool may_start(void) { return !run.options->requests || run.started < run.options->requests; }

static void keep_busy(struct connection *connection) {
  while (!connection->busy && may_start()) start(connection, now_ns());
}

static void on_event(const struct epoll_event *event) {
  struct connection *connection = event->data.ptr;
  if (event->events & EPOLLOUT) {
    pump_or_fail(connection);
    if (connection->busy && connection->answered && has_sent_all(connection)) finish(connection);
  }
  if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_readable(connection, UINT64_MAX);
  if (run.options->rate == 0) keep_busy(connection);
}

static void read_throttled(void) {
  uint64_t budget = run.options->read_bytes_per_second * TICK_MS / 1000;
  for (int i = 0; i < run.options->connections; i++) {
    struct connection *connection = &run.connections[i];
    if (connection->busy) on_readable(connection, budget ? budget : 1);
    keep_busy(connection);
  }
}

// Open loop: starts what is due on free connections; latency counts from the due time, so a slow
// server cannot hide behind a generator that waits for it. Returns the time of the next start.
static double start_due(double next_ns) {
  static int turn;
  while (next_ns <= (double)now_ns()) {
    struct connection *free = NULL;
    for (int i = 0; i < run.options->connections && !free; i++) {
      struct connection *candidate = &run.connections[(turn + i) % run.options->connections];
      if (!candidate->busy) free = candidate;
    }
    if (!free) break;
    turn = (int)(free - run.connections) + 1;
    start(free, (uint64_t)next_ns);
    next_ns += 1e9 / run.options->rate;
  }
  return next_ns;
}

static double own_cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static uint64_t begin_measuring(void) {
  struct load_result *result = &run.result;
  run.measuring = true;
  result->continues = result->closes = result->bytes_in = result->bytes_out = 0;
  result->stolen_seconds = (double)stolen_ns() / 1e9;
  result->generator_cpu_seconds = own_cpu_seconds();
  result->before = process_cost_of(run.options->pids);
  return now_ns();
}

static void end_measuring(uint64_t began_ns) {
  struct load_result *result = &run.result;
  result->seconds = (double)(now_ns() - began_ns) / 1e9;
  result->after = process_cost_of(run.options->pids);
  result->generator_cpu_seconds = own_cpu_seconds() - result->generator_cpu_seconds;
  result->stolen_seconds = (double)stolen_ns() / 1e9 - result->stolen_seconds;
}

static void check_progress(uint64_t time_ns) {
  static uint64_t last_bytes, last_ns;
  uint64_t bytes = run.result.bytes_in + run.result.bytes_out;
  if (bytes != last_bytes || !last_ns) last_bytes = bytes, last_ns = time_ns;
  if (time_ns - last_ns < (uint64_t)STALL_SECONDS * 1000000000u) return;
  fprintf(stderr, "icapload: nothing sent or received for %d s; %llu of %llu requests finished\n", STALL_SECONDS,
          (unsigned long long)run.finished, (unsigned long long)run.started);
  exit(4);
}

static int compare_latencies(const void *left, const void *right) {
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return a < b ? -1 : a > b;
}

static void loop(void) {
  const struct load_options *options = run.options;
  uint64_t start_ns = now_ns(), began_ns = 0;
  uint64_t warm_ns = start_ns + (options->requests ? 0 : (uint64_t)(options->warm_up_seconds * 1e9));
  uint64_t measured_ns = (uint64_t)(options->seconds * 1e9), tick_ns = start_ns;
  double next_ns = (double)start_ns;
  struct epoll_event events[256];
  if (warm_ns == start_ns) began_ns = begin_measuring();
  if (options->rate == 0)
    for (int i = 0; i < options->connections; i++) keep_busy(&run.connections[i]);
  for (;;) {
    uint64_t time_ns = now_ns();
    if (!run.measuring && time_ns >= warm_ns) began_ns = begin_measuring();
    if (options->requests ? run.finished == options->requests : run.measuring && time_ns >= began_ns + measured_ns) break;
    check_progress(time_ns);
    uint64_t wait_ns = 50000000u;
    if (throttled()) wait_ns = tick_ns > time_ns ? tick_ns - time_ns : 0;
    if (options->rate > 0) {
      next_ns = start_due(next_ns);
      double due_ns = next_ns - (double)now_ns();
      wait_ns = due_ns < 0 ? 1000000u : due_ns < 50e6 ? (uint64_t)due_ns : 50000000u;
    }
    struct timespec wait = {.tv_nsec = (long)wait_ns};
    int count = epoll_pwait2(run.epoll, events, 256, &wait, NULL);
    for (int i = 0; i < count; i++) on_event(&events[i]);
    if (throttled() && now_ns() >= tick_ns) {
      read_throttled();
      tick_ns += TICK_MS * 1000000u;
    }
  }
  end_measuring(began_ns);
}

struct load_result load_run(const struct load_options *options) {
  signal(SIGPIPE, SIG_IGN);
  run.options = options;
  request_build(&run.request, &options->request);
  run.result.latencies = malloc((size_t)MAX_LATENCIES * sizeof(uint32_t));
  run.connections = calloc((size_t)options->connections, sizeof *run.connections);
  run.epoll = epoll_create1(EPOLL_CLOEXEC);
  if (!run.connections || !run.result.latencies || run.epoll < 0) die("start");
  size_t head_bytes = run.request.first.parts[0].length;
  for (int i = 0; i < options->connections; i++) {
    run.connections[i].head = malloc(head_bytes);
    if (!run.connections[i].head) die("malloc");
    memcpy(run.connections[i].head, run.request.first.parts[0].bytes, head_bytes);
    open_connection(&run.connections[i]);
  }
  loop();
  qsort(run.result.latencies, run.result.latency_count, sizeof(uint32_t), compare_latencies);
  return run.result;
}
