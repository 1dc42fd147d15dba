// Reads ICAP answers byte by byte as they arrive and compares their bodies with what was sent.
#ifndef ICAPLOAD_RESPONSE_H
#define ICAPLOAD_RESPONSE_H

#include "request.h"

enum response_event {
  RESPONSE_MORE,     // all bytes taken, the answer goes on
  RESPONSE_CONTINUE, // 100 Continue
  RESPONSE_END,      // the answer is complete
  RESPONSE_BROKEN,   // not ICAP, or a body byte differs
};

enum response_state { IN_HEAD, IN_ENCAPSULATED, IN_CHUNK_SIZE, IN_CHUNK, AFTER_CHUNK, IN_TRAILER };

struct response {
  enum response_state state;
  char head[8192];
  size_t head_bytes;
  int status;
  bool closes;
  bool has_body;
  uint64_t encapsulated_left;
  uint64_t chunk_left;
  bool has_digit;    // a chunk-size line has begun
  bool in_extension; // after the size in a chunk-size line
  bool line_has_text; // in a trailer line
  uint64_t body_bytes;
};

// What the body must be. `unique` are the first UNIQUE_BYTES of it, or null; no `request`: anything goes.
struct expected_body {
  const struct request *request;
  const char *unique;
};

void response_reset(struct response *response);

// Takes bytes up to the end of one answer; `used` says how many.
enum response_event response_feed(struct response *response, const char *bytes, size_t length,
                                  const struct expected_body *expected, size_t *used);

#endif
