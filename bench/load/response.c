#define _GNU_SOURCE
#include "response.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void response_reset(struct response *response) {
  response->state = IN_HEAD;
  response->head_bytes = 0;
  response->status = 0;
  response->closes = false;
  response->body_bytes = 0;
}

static bool same_bytes(const struct response *response, const char *bytes, size_t length,
                       const struct expected_body *expected) {
  if (!expected->request) return true;
  uint64_t at = response->body_bytes;
  if (at + length > expected->request->body_bytes) return false;
  if (expected->unique && at < UNIQUE_BYTES) {
    size_t size = UNIQUE_BYTES - (size_t)at < length ? UNIQUE_BYTES - (size_t)at : length;
    if (memcmp(bytes, expected->unique + at, size)) return false;
    bytes += size, at += size, length -= size;
  }
  size_t period = expected->request->pattern_bytes;
  while (length) {
    size_t size = length < period ? length : period;
    if (memcmp(bytes, expected->request->pattern + at % period, size)) return false;
    bytes += size, at += size, length -= size;
  }
  return true;
}

static void begin_chunk_size(struct response *response) {
  response->state = IN_CHUNK_SIZE;
  response->chunk_left = 0;
  response->has_digit = response->in_extension = false;
}

static enum response_event after_heads(struct response *response) {
  if (!response->has_body) return RESPONSE_END;
  begin_chunk_size(response);
  return RESPONSE_MORE;
}

static bool read_encapsulated(struct response *response) {
  char *line = strcasestr(response->head, "\r\nEncapsulated:");
  if (!line) return true;
  char *end = strstr(line + 2, "\r\n");
  char *body = memmem(line, (size_t)(end - line), "-body=", 6);
  if (!body) return false;
  response->encapsulated_left = strtoull(body + 6, NULL, 10);
  response->has_body = memcmp(body - 4, "null", 4) != 0;
  return true;
}

static enum response_event parse_head(struct response *response) {
  if (strncmp(response->head, "ICAP/1.0 ", 9)) return RESPONSE_BROKEN;
  response->status = atoi(response->head + 9);
  response->has_body = false;
  response->encapsulated_left = 0;
  response->closes = strcasestr(response->head, "\r\nConnection: close") != NULL;
  if (!read_encapsulated(response)) return RESPONSE_BROKEN;
  if (response->status == 100) return RESPONSE_CONTINUE;
  if (response->encapsulated_left) {
    response->state = IN_ENCAPSULATED;
    return RESPONSE_MORE;
  }
  return after_heads(response);
}

static enum response_event take_head(struct response *response, const char **bytes, const char *end) {
  size_t room = sizeof response->head - 1 - response->head_bytes;
  size_t size = (size_t)(end - *bytes) < room ? (size_t)(end - *bytes) : room;
  if (!size) return RESPONSE_BROKEN;
  size_t before = response->head_bytes;
  memcpy(response->head + before, *bytes, size);
  response->head_bytes += size;
  size_t from = before > 3 ? before - 3 : 0;
  char *blank = memmem(response->head + from, response->head_bytes - from, "\r\n\r\n", 4);
  if (!blank) {
    *bytes += size;
    return RESPONSE_MORE;
  }
  response->head_bytes = (size_t)(blank + 4 - response->head);
  response->head[response->head_bytes] = 0;
  *bytes += response->head_bytes - before;
  return parse_head(response);
}

static int hex_value(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

static enum response_event take_chunk_size(struct response *response, char byte) {
  if (byte == '\n') {
    if (!response->has_digit) return RESPONSE_BROKEN;
    response->state = response->chunk_left ? IN_CHUNK : IN_TRAILER;
    response->line_has_text = false;
  } else if (byte == ';' || byte == '\r') {
    response->in_extension = true;
  } else if (!response->in_extension) {
    int value = hex_value(byte);
    if (value < 0) return RESPONSE_BROKEN;
    response->chunk_left = response->chunk_left * 16 + (uint64_t)value;
    response->has_digit = true;
  }
  return RESPONSE_MORE;
}

static enum response_event take_trailer(struct response *response, char byte) {
  if (byte == '\n') {
    if (!response->line_has_text) return RESPONSE_END;
    response->line_has_text = false;
  } else if (byte != '\r') {
    response->line_has_text = true;
  }
  return RESPONSE_MORE;
}

enum response_event response_feed(struct response *response, const char *bytes, size_t length,
                                  const struct expected_body *expected, size_t *used) {
  const char *start = bytes, *end = bytes + length;
  enum response_event event = RESPONSE_MORE;
  while (bytes < end && event == RESPONSE_MORE) {
    size_t left = (size_t)(end - bytes);
    switch (response->state) {
    case IN_HEAD:
      event = take_head(response, &bytes, end);
      break;
    case IN_ENCAPSULATED: {
      size_t size = left < response->encapsulated_left ? left : (size_t)response->encapsulated_left;
      bytes += size;
      response->encapsulated_left -= size;
      if (!response->encapsulated_left) event = after_heads(response);
      break;
    }
    case IN_CHUNK_SIZE:
      event = take_chunk_size(response, *bytes++);
      break;
    case IN_CHUNK: {
      size_t size = left < response->chunk_left ? left : (size_t)response->chunk_left;
      if (response->status == 200 && !same_bytes(response, bytes, size, expected)) return RESPONSE_BROKEN;
      bytes += size;
      response->body_bytes += size;
      response->chunk_left -= size;
      if (!response->chunk_left) response->state = AFTER_CHUNK;
      break;
    }
    case AFTER_CHUNK: {
      char byte = *bytes++;
      if (byte == '\n') begin_chunk_size(response);
      else if (byte != '\r') event = RESPONSE_BROKEN;
      break;
    }
    case IN_TRAILER:
      event = take_trailer(response, *bytes++);
      break;
    }
  }
  *used = (size_t)(bytes - start);
  return event;
}
