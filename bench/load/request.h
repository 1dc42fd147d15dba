// The requests that icapload sends, as bytes laid out once before the run starts.
#ifndef ICAPLOAD_REQUEST_H
#define ICAPLOAD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum mode {
  MODE_OPTIONS, // OPTIONS
  MODE_REQMOD,  // REQMOD of a GET, no body, Allow: 204
  MODE_PREVIEW, // RESPMOD with a preview and Allow: 204
  MODE_READ,    // RESPMOD without preview, Allow: 204: the server reads all, then may say 204
  MODE_ECHO,    // RESPMOD without preview and without Allow: the server must send all back
};

struct request_options {
  enum mode mode;
  const char *host;
  int port;
  const char *service;
  uint64_t body_bytes;
  size_t chunk_bytes;
  size_t preview_bytes;
};

// One run of bytes, sent `times` times in a row. Repetition is what lets a gigabyte fit in a megabyte.
struct part {
  char *bytes;
  size_t length;
  uint64_t times;
};

enum { PARTS = 3 };

struct script {
  struct part parts[PARTS];
  uint64_t total;
};

struct request {
  struct script first; // up to the end of the body or of the preview; parts[0] holds the heads and the first chunk
  struct script rest;  // what follows a 100 Continue; total 0 when there is none
  uint64_t body_bytes;
  size_t unique_at; // where in first.parts[0] the body starts; 0: no body there
  const char *pattern; // the body's bytes at offset o are pattern[o % pattern_bytes] …; twice as long as pattern_bytes
  size_t pattern_bytes;
};

// A body shorter than this cannot be made unique.
enum { UNIQUE_BYTES = 16 };

bool request_mode_from_name(const char *name, enum mode *mode);
void request_build(struct request *request, const struct request_options *options);

// Fills up to `max` vectors with what follows `position`; `head` stands in for parts[0] when it is not null.
int script_gather(const struct script *script, char *head, uint64_t position, struct iovec *vectors, int max);

#endif
