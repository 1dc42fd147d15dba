// Keeps connections busy with one request after another, and counts what comes back.
#ifndef ICAPLOAD_LOAD_H
#define ICAPLOAD_LOAD_H

#include "process.h"
#include "request.h"

enum { ANY_STATUS = 0 };

struct load_options {
  struct request_options request;
  int connections;
  double warm_up_seconds; // not measured
  double seconds;
  uint64_t requests;       // send exactly so many and stop; 0: by time
  double rate;             // open loop: requests started per second; 0: closed loop
  bool unique;             // the first bytes of each body differ
  int expected_status;     // ANY_STATUS: any answer with any body
  uint64_t read_bytes_per_second; // per connection; 0: as fast as it comes
  int receive_buffer_bytes;       // SO_RCVBUF; 0: the system's
  bool trace;
  const char *pids; // processes whose cost is measured
};

struct load_result {
  double seconds;
  uint64_t requests, failures, wrong_answers, closes, continues;
  uint64_t by_status[600];
  uint64_t bytes_in, bytes_out;
  uint32_t *latencies; // in 0.1 µs, sorted
  size_t latency_count;
  struct process_cost before, after;
  double generator_cpu_seconds, stolen_seconds;
};

struct load_result load_run(const struct load_options *options);

#endif
