#define _GNU_SOURCE
#include "request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What a browser behind a proxy sends and what nginx answers: header blocks of ordinary size.
static const char HTTP_REQUEST[] =
    "GET /dir/object?id=12345 HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef\r\n"
    "\r\n";

static const char HTTP_RESPONSE[] =
    "HTTP/1.1 200 OK\r\n"
    "Date: Mon, 10 Jan 2000 09:55:21 GMT\r\n"
    "Server: nginx/1.22.1\r\n"
    "Last-Modified: Mon, 10 Jan 2000 09:00:00 GMT\r\n"
    "ETag: \"63840-1ab7-378d415b\"\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Cache-Control: max-age=3600\r\n"
    "Content-Length: %llu\r\n"
    "\r\n";

static const char LAST_CHUNK[] = "0\r\n\r\n";

// 61 is prime, so the pattern's period is aligned with no power-of-two buffer in a server: a
// buffer sent twice, dropped or swapped changes the bytes.
enum { CHUNKS_PER_PATTERN = 61 };

struct text {
  char *bytes;
  size_t length;
};

static void append(struct text *text, const void *bytes, size_t length) {
  text->bytes = realloc(text->bytes, text->length + length + 1);
  if (!text->bytes) {
    perror("icapload: realloc");
    exit(2);
  }
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  text->bytes[text->length] = 0;
}

__attribute__((format(printf, 2, 3))) static void append_format(struct text *text, const char *format, ...) {
  char line[4096];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length < 0 || (size_t)length >= sizeof line) {
    fprintf(stderr, "icapload: a request line is too long\n");
    exit(2);
  }
  append(text, line, (size_t)length);
}

static void append_chunks(struct text *text, const char *bytes, size_t length, size_t chunk_bytes) {
  while (length) {
    size_t size = length > chunk_bytes ? chunk_bytes : length;
    append_format(text, "%zx\r\n", size);
    append(text, bytes, size);
    append(text, "\r\n", 2);
    bytes += size;
    length -= size;
  }
}

// Letters from a linear congruential generator: compresses by about half, like text, and is the same in every run.
static char *make_pattern(size_t length) {
  char *pattern = malloc(2 * length);
  if (!pattern) {
    perror("icapload: malloc");
    exit(2);
  }
  uint32_t state = 12345;
  for (size_t i = 0; i < length; i++) {
    state = state * 1664525u + 1013904223u;
    pattern[i] = 'a' + (char)((state >> 24) % 26);
  }
  memcpy(pattern + length, pattern, length);
  return pattern;
}

static struct part part_of(struct text text, uint64_t times) {
  return (struct part){.bytes = text.bytes, .length = text.length, .times = times};
}

// Lays out the body from offset `from` to its end, in chunks, with the last chunk.
static void append_body(struct script *script, const struct request *request, uint64_t from, size_t chunk_bytes) {
  size_t period = request->pattern_bytes;
  uint64_t left = request->body_bytes - from;
  const char *start = request->pattern + from % period;
  struct text block = {0}, tail = {0};
  if (left >= period) append_chunks(&block, start, period, chunk_bytes);
  append_chunks(&tail, start, left % period, chunk_bytes);
  append(&tail, LAST_CHUNK, strlen(LAST_CHUNK));
  script->parts[1] = part_of(block, left / period);
  script->parts[2] = part_of(tail, 1);
}

static void sum(struct script *script) {
  script->total = 0;
  for (int i = 0; i < PARTS; i++) script->total += script->parts[i].length * script->parts[i].times;
}

static void append_respmod(struct text *head, struct request *request, const struct request_options *options) {
  char response[1024];
  int response_length = snprintf(response, sizeof response, HTTP_RESPONSE, (unsigned long long)options->body_bytes);
  size_t request_length = strlen(HTTP_REQUEST);
  bool previews = options->mode == MODE_PREVIEW;
  append_format(head, "RESPMOD icap://%s:%d/%s ICAP/1.0\r\nHost: %s:%d\r\nDate: Mon, 10 Jan 2000 09:55:21 GMT\r\n"
                      "X-Client-IP: 192.168.1.17\r\n",
                options->host, options->port, options->service, options->host, options->port);
  if (options->mode != MODE_ECHO) append_format(head, "Allow: 204\r\n");
  if (previews) append_format(head, "Preview: %zu\r\n", options->preview_bytes);
  append_format(head, "Encapsulated: req-hdr=0, res-hdr=%zu, res-body=%zu\r\n\r\n", request_length,
                request_length + (size_t)response_length);
  append(head, HTTP_REQUEST, request_length);
  append(head, response, (size_t)response_length);

  size_t limit = previews ? options->preview_bytes : options->chunk_bytes;
  size_t start = options->body_bytes < limit ? (size_t)options->body_bytes : limit;
  if (start) {
    append_format(head, "%zx\r\n", start);
    request->unique_at = start < UNIQUE_BYTES ? 0 : head->length;
    append(head, request->pattern, start);
    append(head, "\r\n", 2);
  }
  if (!previews) {
    append_body(&request->first, request, start, options->chunk_bytes);
  } else if (start == options->body_bytes) {
    append_format(head, "0; ieof\r\n\r\n");
  } else {
    append(head, LAST_CHUNK, strlen(LAST_CHUNK));
    append_body(&request->rest, request, start, options->chunk_bytes);
  }
}

void request_build(struct request *request, const struct request_options *options) {
  memset(request, 0, sizeof *request);
  request->pattern_bytes = CHUNKS_PER_PATTERN * options->chunk_bytes;
  request->pattern = make_pattern(request->pattern_bytes);
  request->body_bytes = options->body_bytes;
  struct text head = {0};
  switch (options->mode) {
  case MODE_OPTIONS:
    append_format(&head, "OPTIONS icap://%s:%d/%s ICAP/1.0\r\nHost: %s:%d\r\n\r\n", options->host, options->port,
                  options->service, options->host, options->port);
    break;
  case MODE_REQMOD:
    append_format(&head, "REQMOD icap://%s:%d/%s ICAP/1.0\r\nHost: %s:%d\r\nDate: Mon, 10 Jan 2000 09:55:21 GMT\r\n"
                         "X-Client-IP: 192.168.1.17\r\nAllow: 204\r\nEncapsulated: req-hdr=0, null-body=%zu\r\n\r\n",
                  options->host, options->port, options->service, options->host, options->port, strlen(HTTP_REQUEST));
    append(&head, HTTP_REQUEST, strlen(HTTP_REQUEST));
    break;
  case MODE_PREVIEW:
  case MODE_READ:
  case MODE_ECHO:
    append_respmod(&head, request, options);
    break;
  }
  request->first.parts[0] = part_of(head, 1);
  sum(&request->first);
  sum(&request->rest);
}

bool request_mode_from_name(const char *name, enum mode *mode) {
  static const char *const names[] = {"options", "reqmod", "preview", "read", "echo"};
  for (int i = 0; i < (int)(sizeof names / sizeof *names); i++) {
    if (strcmp(name, names[i])) continue;
    *mode = (enum mode)i;
    return true;
  }
  return false;
}

int script_gather(const struct script *script, char *head, uint64_t position, struct iovec *vectors, int max) {
  int count = 0;
  uint64_t start = 0;
  for (int i = 0; i < PARTS; i++) {
    const struct part *part = &script->parts[i];
    uint64_t end = start + part->length * part->times;
    while (position < end && count < max) {
      size_t offset = (size_t)((position - start) % part->length);
      char *bytes = i == 0 && head ? head : part->bytes;
      vectors[count].iov_base = bytes + offset;
      vectors[count].iov_len = part->length - offset;
      position += vectors[count++].iov_len;
    }
    start = end;
  }
  return count;
}
