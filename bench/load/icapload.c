// icapload: loads an ICAP server over keep-alive connections, compares every body byte that comes
// back, and prints one line of JSON with what it saw and what the server's processes spent.
#define _GNU_SOURCE
#include "load.h"

#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char USAGE[] =
    "usage: icapload --port N --service PATH --mode options|reqmod|preview|read|echo [options]\n"
    "  --host ADDRESS        IPv4 address (127.0.0.1)\n"
    "  --body BYTES          size of the body (0)\n"
    "  --chunk BYTES         size of its chunks (16384)\n"
    "  --preview BYTES       size of the preview (1024)\n"
    "  --unique              make the first 16 body bytes differ in each request\n"
    "  --connections N       keep-alive connections (16)\n"
    "  --warm-up SECONDS     load before measuring (0)\n"
    "  --seconds SECONDS     how long to measure (3)\n"
    "  --requests N          send exactly N requests instead, all measured\n"
    "  --rate N              open loop: start N requests a second; latency counts from the due time\n"
    "  --expect STATUS       every answer must have it and the body sent; without it any answer will do\n"
    "  --read-rate BYTES     a slow reader: each connection reads so much per second\n"
    "  --receive-buffer BYTES  SO_RCVBUF of each connection\n"
    "  --pid N[,N…]          measure these processes and their children\n"
    "  --cpu N               run on this CPU\n"
    "  --trace               copy the heads of the answers to stderr\n";

enum option_name {
  HOST = 256, PORT, SERVICE, MODE, BODY, CHUNK, PREVIEW, UNIQUE, CONNECTIONS, WARM_UP, SECONDS,
  REQUESTS, RATE, EXPECT, READ_RATE, RECEIVE_BUFFER, PID, CPU, TRACE,
};

static const struct option LONG_OPTIONS[] = {
    {"host", required_argument, NULL, HOST},         {"port", required_argument, NULL, PORT},
    {"service", required_argument, NULL, SERVICE},   {"mode", required_argument, NULL, MODE},
    {"body", required_argument, NULL, BODY},         {"chunk", required_argument, NULL, CHUNK},
    {"preview", required_argument, NULL, PREVIEW},   {"unique", no_argument, NULL, UNIQUE},
    {"connections", required_argument, NULL, CONNECTIONS},
    {"warm-up", required_argument, NULL, WARM_UP},   {"seconds", required_argument, NULL, SECONDS},
    {"requests", required_argument, NULL, REQUESTS}, {"rate", required_argument, NULL, RATE},
    {"expect", required_argument, NULL, EXPECT},     {"read-rate", required_argument, NULL, READ_RATE},
    {"receive-buffer", required_argument, NULL, RECEIVE_BUFFER},
    {"pid", required_argument, NULL, PID},           {"cpu", required_argument, NULL, CPU},
    {"trace", no_argument, NULL, TRACE},             {NULL, 0, NULL, 0},
};

static void usage(void) {
  fputs(USAGE, stderr);
  exit(1);
}

static void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set)) perror("icapload: cannot pin to a CPU");
}

static void set(struct load_options *options, int name) {
  struct request_options *request = &options->request;
  switch (name) {
  case HOST: request->host = optarg; break;
  case PORT: request->port = atoi(optarg); break;
  case SERVICE: request->service = optarg; break;
  case MODE: if (!request_mode_from_name(optarg, &request->mode)) usage(); break;
  case BODY: request->body_bytes = strtoull(optarg, NULL, 10); break;
  case CHUNK: request->chunk_bytes = strtoull(optarg, NULL, 10); break;
  case PREVIEW: request->preview_bytes = strtoull(optarg, NULL, 10); break;
  case UNIQUE: options->unique = true; break;
  case CONNECTIONS: options->connections = atoi(optarg); break;
  case WARM_UP: options->warm_up_seconds = atof(optarg); break;
  case SECONDS: options->seconds = atof(optarg); break;
  case REQUESTS: options->requests = strtoull(optarg, NULL, 10); break;
  case RATE: options->rate = atof(optarg); break;
  case EXPECT: options->expected_status = atoi(optarg); break;
  case READ_RATE: options->read_bytes_per_second = strtoull(optarg, NULL, 10); break;
  case RECEIVE_BUFFER: options->receive_buffer_bytes = atoi(optarg); break;
  case PID: options->pids = optarg; break;
  case CPU: pin(atoi(optarg)); break;
  case TRACE: options->trace = true; break;
  default: usage();
  }
}

static double quantile_us(const struct load_result *result, double share) {
  if (!result->latency_count) return 0;
  return result->latencies[(size_t)((double)(result->latency_count - 1) * share)] / 10.0;
}

static void print(const struct load_result *result) {
  double cpu_us = (double)(result->after.cpu_ns - result->before.cpu_ns) / 1e3;
  double requests = (double)result->requests;
  printf("{\"seconds\":%.3f,\"requests\":%llu,\"requestsPerSecond\":%.1f,\"bytesInPerSecond\":%.0f,"
         "\"bytesOutPerSecond\":%.0f,",
         result->seconds, (unsigned long long)result->requests, requests / result->seconds,
         (double)result->bytes_in / result->seconds, (double)result->bytes_out / result->seconds);
  printf("\"p50Us\":%.1f,\"p90Us\":%.1f,\"p99Us\":%.1f,\"p999Us\":%.1f,\"maxUs\":%.1f,", quantile_us(result, 0.5),
         quantile_us(result, 0.9), quantile_us(result, 0.99), quantile_us(result, 0.999), quantile_us(result, 1));
  printf("\"failures\":%llu,\"wrongAnswers\":%llu,\"closes\":%llu,\"continues\":%llu,\"statuses\":{",
         (unsigned long long)result->failures, (unsigned long long)result->wrong_answers,
         (unsigned long long)result->closes, (unsigned long long)result->continues);
  const char *separator = "";
  for (int status = 0; status < 600; status++) {
    if (!result->by_status[status]) continue;
    printf("%s\"%d\":%llu", separator, status, (unsigned long long)result->by_status[status]);
    separator = ",";
  }
  printf("},\"serverCpuUsPerRequest\":%.3f,\"serverBusy\":%.3f,\"generatorBusy\":%.3f,\"stolenSeconds\":%.3f,"
         "\"residentKiB\":%llu,\"anonymousKiB\":%llu,\"processes\":%d}\n",
         requests > 0 ? cpu_us / requests : 0, cpu_us / 1e6 / result->seconds,
         result->generator_cpu_seconds / result->seconds, result->stolen_seconds,
         (unsigned long long)result->after.resident_kib, (unsigned long long)result->after.anonymous_kib,
         result->after.processes);
}

int main(int count, char **arguments) {
  struct load_options options = {
      .request = {.host = "127.0.0.1", .service = "echo", .chunk_bytes = 16384, .preview_bytes = 1024},
      .connections = 16,
      .seconds = 3,
      .pids = "",
  };
  for (int name; (name = getopt_long(count, arguments, "", LONG_OPTIONS, NULL)) != -1;) set(&options, name);
  if (optind != count || options.request.port <= 0 || options.connections <= 0 || !options.request.chunk_bytes) usage();
  struct load_result result = load_run(&options);
  print(&result);
  return result.failures || result.wrong_answers ? 3 : 0;
}
